import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'

const root = join(import.meta.dirname, '..')

for (const image of ['webhook', 'sidecar']) {
  describe(`Dockerfile.${image}`, () => {
    const lines = readFileSync(join(root, `Dockerfile.${image}`), 'utf8').split('\n')
    const find = (instruction: string) => lines.filter((line) => line.startsWith(`${instruction} `))

    test('base images → are build arguments, so that a release names them by digest', () => {
      const bases = find('FROM').map((line) => /^FROM \$\{(\w+)\}/.exec(line)?.[1])
      assert.deepEqual(bases, ['BUILD', 'RUNTIME'])
      const defaults = find('ARG').map((line) => line.replace('ARG ', ''))
      assert.deepEqual(
        defaults.map((line) => line.split('=')[0]),
        ['BUILD', 'RUNTIME'],
      )
      for (const line of defaults) assert.match(line, /=\S+(:(?!latest)[\w.-]+|@sha256:[0-9a-f]{64})$/, 'a fixed tag')
    })

    test('packages → are installed from the lock file, without running scripts', () => {
      assert.deepEqual(
        find('RUN').filter((line) => /\bnpm\b/.test(line)),
        ['RUN npm ci --ignore-scripts --no-audit --no-fund'],
      )
    })

    test('each bundle in the image → has its SBOM beside it', () => {
      const copied = find('COPY')
        .filter((line) => line.includes('--from=build'))
        .flatMap((line) => line.split(' ').filter((word) => word.startsWith('/src/dist/')))
      const bundles = copied.filter((path) => path.endsWith('.cjs'))
      assert.ok(bundles.length > 0)
      for (const bundle of bundles) assert.ok(copied.includes(bundle.replace('.cjs', '.cdx.json')), bundle)
      assert.ok(find('RUN').some((line) => line.startsWith('RUN node build.ts --sbom ')))
    })

    test('the process → is not root, and no signal opens a debugger', () => {
      assert.deepEqual(find('USER'), ['USER 65532'])
      assert.match(find('ENTRYPOINT')[0] ?? '', /"--disable-sigusr1"/)
    })
  })
}
