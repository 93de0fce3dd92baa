/** Bundles what the images and the package ship into dist/. An entry point that does not exist yet is skipped. */
import { chmodSync, existsSync } from 'node:fs'
import { join, relative } from 'node:path'
import { type BuildOptions, build, type Plugin } from 'esbuild'

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

/** client-node does not say that its modules have no effects of their own, so that each would stay in a bundle. */
const clientNodeWithoutEffects: Plugin = {
  name: 'client-node-without-effects',
  setup: ({ onResolve, resolve }) => {
    onResolve({ filter: /^(@kubernetes\/client-node$|\.)/ }, async ({ path, pluginData, ...rest }) => {
      const within = path === '@kubernetes/client-node' || rest.importer.includes('/@kubernetes/client-node/')
      if (!within || pluginData === 'resolved') return undefined
      return { ...(await resolve(path, { ...rest, pluginData: 'resolved' })), sideEffects: false }
    })
  },
}

/**
 * What asks a cluster, as CommonJS modules that are evaluated when they are first needed: an `import` of node:https, also
 * in a module that is loaded late, would be moved to the top of the bundle. Of client-node it takes in a twentieth, what
 * reads kubeconfigs; esbuild leaves out what is not used only of what is imported at once.
 */
const clusterModulesLate: Plugin = {
  name: 'cluster-modules-late',
  setup: ({ onResolve, onLoad }) => {
    // In a namespace of their own: package.json says that files of ours are ES modules.
    const namespace = 'late'
    onResolve({ filter: /\/(kubeconfig|client)\.ts$/ }, ({ path, resolveDir }) => ({
      path: join(resolveDir, path),
      namespace,
    }))
    onLoad({ filter: /./, namespace }, async ({ path }) => {
      const options = { ...common, format: 'cjs' as const, minify: true, plugins: [clientNodeWithoutEffects] }
      const { outputFiles = [] } = await build({ ...options, entryPoints: [path], write: false })
      return { contents: outputFiles[0]?.text ?? '', loader: 'js' }
    })
  },
}

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
    entry: 'cli/main.ts',
    outfile: 'spark-nanny.mjs',
    format: 'esm',
    minify: false,
    banner: { js: `#!/usr/bin/env node\n${requireBanner}` },
    plugins: [clusterModulesLate],
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
