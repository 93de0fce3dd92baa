/** Bundles what the images and the package ship into dist/. An entry point that does not exist yet is skipped. */
import { chmodSync, existsSync } from 'node:fs'
import { join, relative } from 'node:path'
import { type BuildOptions, build } from 'esbuild'

const root = import.meta.dirname
const dist = join(root, 'dist')

const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node26',
  charset: 'utf8',
  legalComments: 'none',
  logLevel: 'warning',
  sourcemap: false,
  // Not from tsconfig.json, which an image build may lack: the same bundle everywhere.
  tsconfigRaw: { compilerOptions: { strict: true, verbatimModuleSyntax: true } },
} as const satisfies BuildOptions

/** Packages of CommonJS inside an ES module look for `require`. */
const requireBanner = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);"

interface Bundle extends BuildOptions {
  readonly entry: string
  readonly outfile: string
  readonly executable?: boolean
}

const bundles: readonly Bundle[] = [
  {
    // CommonJS: an `import` of node:http reads all it exports, undici among it, which is 4 MB; `require` does not.
    entry: 'sidecar/main.ts',
    outfile: 'sidecar.cjs',
    format: 'cjs',
    minify: true,
    supported: { 'dynamic-import': false },
  },
  {
    // CommonJS for the same reason. client-node reads kubeconfigs, of which a pod has none; it would be 85 MB.
    entry: 'webhook/main.ts',
    outfile: 'webhook.cjs',
    format: 'cjs',
    minify: true,
    external: ['@kubernetes/client-node'],
  },
  {
    entry: 'runbook/main.ts',
    outfile: 'spark-nanny.mjs',
    format: 'esm',
    minify: false,
    banner: { js: `#!/usr/bin/env node\n${requireBanner}` },
    executable: true,
  },
]

/** Without arguments all; else those whose output is named: `node build.ts sidecar`. */
const wanted = process.argv.slice(2)
for (const { entry, outfile, executable = false, ...options } of bundles) {
  if (wanted.length > 0 && !wanted.some((name) => outfile.startsWith(`${name}.`))) continue
  if (!existsSync(join(root, entry))) {
    console.log(`${entry}: not there yet, skipped`)
    continue
  }
  const file = join(dist, outfile)
  await build({ ...common, ...options, entryPoints: [entry], outfile: file })
  if (executable) chmodSync(file, 0o755)
  console.log(`${entry} → ${relative(root, file)}`)
}
