import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { checkPage } from './check-page.ts'
import { findingsPages } from './findings-pages.ts'
import { settingsPage } from './settings-page.ts'

/** Entry of `npm run docs`: writes the generated pages. `--check` writes nothing and fails when one is stale. */
const { values } = parseArgs({
  options: { check: { type: 'boolean', default: false }, dir: { type: 'string', default: import.meta.dirname } },
})

const pages: Readonly<Record<string, string>> = {
  'check.md': checkPage(),
  'settings.md': settingsPage(),
  ...findingsPages(),
}

for (const [name, wanted] of Object.entries(pages)) {
  const path = join(values.dir, name)
  const found = await readFile(path, 'utf8').catch(() => undefined)
  if (found === wanted) {
    console.log(`docs/${name} is up to date`)
  } else if (values.check) {
    console.error(`docs/${name} is ${found === undefined ? 'absent' : 'stale'}: run \`npm run docs\``)
    process.exitCode = 1
  } else {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, wanted)
    console.log(`docs/${name} written`)
  }
}
