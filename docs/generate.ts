import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { renderChartReadme } from './chart-readme.ts'
import { renderChartSchema } from './chart-schema.ts'
import { renderCheckPage } from './check-page.ts'
import { renderFindingsPages } from './findings-pages.ts'
import { renderRbacPage } from './rbac-page.ts'
import { renderSettingsPage } from './settings-page.ts'

/** Entry of `npm run docs`: writes the generated files. With `--check`, writes nothing and fails if a file is stale. */
const { values } = parseArgs({
  options: {
    check: { type: 'boolean', default: false },
    dir: { type: 'string', default: join(import.meta.dirname, '..') },
  },
})

const files: Readonly<Record<string, string>> = {
  'docs/settings.md': renderSettingsPage(),
  'docs/rbac.md': renderRbacPage(),
  'docs/check.md': renderCheckPage(),
  ...renderFindingsPages(),
  'charts/spark-nanny/README.md': renderChartReadme(),
  'charts/spark-nanny/values.schema.json': renderChartSchema(),
}

for (const [name, wanted] of Object.entries(files)) {
  const path = join(values.dir, name)
  const found = await readFile(path, 'utf8').catch(() => undefined)
  if (found === wanted) {
    console.log(`${name} is up to date`)
  } else if (values.check) {
    console.error(`${name} is ${found === undefined ? 'missing' : 'stale'}: run \`npm run docs\``)
    process.exitCode = 1
  } else {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, wanted)
    console.log(`${name} written`)
  }
}
