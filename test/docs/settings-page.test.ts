import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { domain } from '../../core/contract/pod-contract.ts'
import { resolveSettings, settingKeys, settings } from '../../core/settings/settings.ts'
import { formatDefault, renderSettingsPage } from '../../docs/settings-page.ts'

const docsDir = join(import.meta.dirname, '../../docs')

describe('settings page', () => {
  test('docs/settings.md → matches the settings table', async () => {
    assert.equal(
      await readFile(join(docsDir, 'settings.md'), 'utf8'),
      renderSettingsPage(),
      'stale: run `npm run docs`',
    )
  })

  test('each setting → has a section with its form and default', () => {
    const page = renderSettingsPage()
    for (const key of settingKeys) {
      const section = page.split(`\n## \`${key}\`\n`)[1]?.split('\n## ')[0] ?? ''
      assert.ok(section.includes(settings[key].description), key)
      assert.ok(section.includes(settings[key].form), key)
      assert.ok(section.includes(`Default: \`${formatDefault(key)}\``), key)
    }
  })

  test('a default as written in the page → parses as the default', () => {
    for (const key of settingKeys) {
      const { values, problems } = resolveSettings({ chart: { [key]: formatDefault(key) } })
      assert.deepEqual(problems, [])
      assert.deepEqual(values[key], settings[key].default, key)
    }
  })

  test('the examples of the page → are valid settings', () => {
    const fences = renderSettingsPage().match(/```(yaml|sh)\n[\s\S]*?```/g) ?? []
    const annotations = fences.flatMap((fence) =>
      [...fence.matchAll(new RegExp(`${domain}/([a-z-]+)(?:: |=)"?([^\\s"]+)"?`, 'g'))]
        .filter(([, key, value]) => !(key === 'inject' && value === 'enabled'))
        .map(([, key, value]): readonly [string, string] => [`${domain}/${key}`, value ?? '']),
    )
    assert.ok(annotations.length >= 5, 'the page has examples')
    assert.deepEqual(resolveSettings({ pod: Object.fromEntries(annotations) }).problems, [])
  })

  test('a stale or missing page → --check fails and writes nothing', async (t) => {
    const dir = await mkdtemp(join(tmpdir(), 'spark-nanny-docs-'))
    t.after(() => rm(dir, { recursive: true }))
    const generate = (...args: readonly string[]) =>
      spawnSync(process.execPath, [join(docsDir, 'generate.ts'), '--dir', dir, ...args], { encoding: 'utf8' })

    assert.match(generate('--check').stderr, /docs\/settings\.md is missing/)
    assert.equal(generate().status, 0)
    assert.equal(generate('--check').status, 0)
    await writeFile(join(dir, 'docs/settings.md'), '# Settings\n')
    const stale = generate('--check')
    assert.equal(stale.status, 1)
    assert.match(stale.stderr, /docs\/settings\.md is stale: run `npm run docs`/)
    assert.equal(await readFile(join(dir, 'docs/settings.md'), 'utf8'), '# Settings\n')
  })
})
