/**
 * Entry of `npm run build`: bundles the programs of the images and of the npm package into dist/. With arguments, such as
 * `node build.ts sidecar`, builds only those. An entry point that does not exist is skipped, because an image build copies only
 * the folders that it needs.
 */
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
  // tsconfig.json is not used, because image builds do not copy it and the bundle must be the same everywhere.
  tsconfigRaw: { compilerOptions: { strict: true, verbatimModuleSyntax: true } },
} as const satisfies BuildOptions

/** CommonJS packages in an ES module bundle need `require`. */
const requireBanner = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);"

/** Marks the modules of client-node as free of side effects. Its package.json does not, so every module would be bundled. */
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
 * Bundles the modules that access a cluster as CommonJS modules, which are evaluated when they are first needed. As ES modules,
 * their `import` of node:https would move to the top of the bundle, even in a module that is loaded later. This also reduces
 * client-node to a twentieth, the code that reads kubeconfigs: esbuild removes unused code only from static imports.
 */
const clusterModulesLate: Plugin = {
  name: 'cluster-modules-late',
  setup: ({ onResolve, onLoad }) => {
    // A separate namespace, because package.json declares the files of this repository as ES modules.
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
    // CommonJS, because an `import` of node:http evaluates all its exports, including undici (4 MB). `require` does not.
    entry: 'sidecar/main.ts',
    outfile: 'sidecar.cjs',
    format: 'cjs',
    minify: true,
    supported: { 'dynamic-import': false },
  },
  {
    // CommonJS for the same reason. client-node is excluded (85 MB): it reads kubeconfigs, which a pod does not have.
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

/** The outputs to build, without their extensions; if empty, all. */
const wanted = process.argv.slice(2)
for (const { entry, outfile, executable = false, ...options } of bundles) {
  if (wanted.length > 0 && !wanted.some((name) => outfile.startsWith(`${name}.`))) continue
  if (!existsSync(join(root, entry))) {
    console.log(`${entry}: not found, skipped`)
    continue
  }
  const file = join(dist, outfile)
  await build({ ...common, ...options, entryPoints: [entry], outfile: file })
  if (executable) chmodSync(file, 0o755)
  console.log(`${entry} → ${relative(root, file)}`)
}
