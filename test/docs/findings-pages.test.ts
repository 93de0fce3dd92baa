import assert from 'node:assert/strict'
import { access, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { findingPage } from '../../cli/findings/findings.ts'
import { catalogue } from '../../cli/rules/catalogue.ts'
import type { CommandTemplate } from '../../core/shell-command.ts'
import { renderFindingsPages } from '../../docs/findings-pages.ts'
import { knownSparkKeys } from './spark-keys.ts'

const root = join(import.meta.dirname, '../..')

describe('findings pages', () => {
  test('each findings page → matches the rules', async () => {
    for (const [name, text] of Object.entries(renderFindingsPages())) {
      assert.equal(await readFile(join(root, name), 'utf8'), text, `${name} is stale: run \`npm run docs\``)
    }
  })

  test('the page named by a finding → exists with its anchor', async () => {
    for (const { id, cause } of catalogue) {
      const [file = '', anchor = ''] = findingPage(id, cause).split('#')
      await access(join(root, file))
      const headings = [...(await readFile(join(root, file), 'utf8')).matchAll(/^## (\S+)$/gm)]
      assert.ok(
        headings.some(([, heading = '']) => heading.toLowerCase() === anchor),
        `${file}#${anchor}`,
      )
    }
  })

  const knownCommands = /^(unzip -l |openssl s_client |spark-submit |spark-nanny (validate|preflight|recover) )/
  const kubectlVerbs =
    /^kubectl (-n \{[a-zA-Z]+\} |-n kube-system |-n spark-operator )?(get|describe|logs|top|exec|run|create|delete|auth can-i) /

  const formatTemplate = ({ literals, names }: CommandTemplate) =>
    literals.map((literal, index) => (names[index] === undefined ? literal : `${literal}{${names[index]}}`)).join('')

  test('each command and Spark setting of a remedy → exists', () => {
    const remedies = catalogue.flatMap(({ id, remedies: specs, onExecutors }) =>
      [...specs, ...(onExecutors?.remedies ?? [])].map((spec) => ({ id, spec })),
    )
    const commands = remedies.flatMap(({ id, spec }) =>
      'commands' in spec ? spec.commands.map((template) => ({ id, command: formatTemplate(template) })) : [],
    )
    for (const { id, command } of commands) {
      assert.match(command, command.startsWith('kubectl ') ? kubectlVerbs : knownCommands, id)
    }
    for (const { id, spec } of remedies) {
      if ('key' in spec) assert.ok(knownSparkKeys.has(spec.key), `${id}: ${spec.key}`)
    }
  })
})
