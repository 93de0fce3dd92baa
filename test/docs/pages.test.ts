import assert from 'node:assert/strict'
import { access, glob, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import packageJson from '../../package.json' with { type: 'json' }
import { anchorsOf } from './anchors.ts'

const root = join(import.meta.dirname, '../..')
const pages = await Array.fromAsync(glob('{*.md,docs/**/*.md,charts/**/*.md}', { cwd: root }))

/** Fails unless the file and the anchor of a relative link exist. */
async function assertTargetExists(page: string, target: string): Promise<void> {
  if (/^[a-z]+:/.test(target)) return
  const [path = '', anchor] = target.split('#')
  const file = path === '' ? join(root, page) : join(root, dirname(page), path)
  await access(file)
  if (anchor !== undefined) assert.ok(anchorsOf(await readFile(file, 'utf8')).includes(anchor), `#${anchor}`)
}

describe('docs pages', () => {
  for (const page of pages) {
    test(`${page} → all link targets and npm scripts exist`, async () => {
      const text = await readFile(join(root, page), 'utf8')
      for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) await assertTargetExists(page, target)
      for (const [, script = ''] of text.matchAll(/npm run (?:-s )?([a-z:-]+)/g)) {
        assert.ok(Object.hasOwn(packageJson.scripts, script), `npm run ${script}`)
      }
      for (const [, path = ''] of text.matchAll(/(?:-f|--test) (test\/[\w./-]+\w)/g)) await access(join(root, path))
    })
  }

  test('CONTRIBUTING.md → justifies exactly the dependencies of package.json', async () => {
    const text = await readFile(join(root, 'CONTRIBUTING.md'), 'utf8')
    const rows = [...(text.split('## Dependencies')[1] ?? '').matchAll(/^\| (dev: )?([@a-z][\w./-]*) +\|/gm)]
    const named = (dev: boolean) =>
      rows.flatMap(([, prefix, name = '']) => ((prefix !== undefined) === dev && name !== 'package' ? [name] : []))
    assert.deepEqual(named(false).toSorted(), Object.keys(packageJson.dependencies).toSorted())
    assert.deepEqual(named(true).toSorted(), Object.keys(packageJson.devDependencies).toSorted())
  })
})
