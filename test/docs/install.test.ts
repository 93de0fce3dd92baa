import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'

const root = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')

describe('docs/install.md', () => {
  test('each Service that a user’s certificate must cover → is listed in the page', () => {
    const configuration =
      read('test/golden/chart/existing-secret.yaml').split('kind: MutatingWebhookConfiguration')[1] ?? ''
    const services = new Set([...configuration.matchAll(/^ +name: (\S+-webhook\S*)$/gm)].map(([, name = '']) => name))
    assert.ok(services.size > 1)
    const page = read('docs/install.md')
    for (const service of services) assert.ok(page.includes(`\`${service}.spark-nanny.svc\``), service)
  })
})
