/**
 * Entry of `npm run build`: bundles the programs of the images and of the npm package into dist/. With arguments, such as
 * `node build.ts sidecar`, builds only those. An entry point that does not exist is skipped, because an image build copies only
 * the folders that it needs. With `--sbom`, also writes the npm packages of each bundle, in the format CycloneDX.
 */
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { parseArgs } from 'node:util'
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
    // The thread of the controller. A program of its own, so that it does not load the server and the certificates again.
    entry: 'webhook/controller-thread/thread.ts',
    outfile: 'webhook-controller.cjs',
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

/** The fields of a CycloneDX document that {@link writeSbom} changes. */
interface Sbom {
  serialNumber?: string
  metadata: { timestamp?: string; component: { name: string } }
  components: readonly { readonly name: string; readonly version: string }[]
  dependencies: readonly { readonly ref: string; readonly dependsOn?: readonly string[] }[]
}

/**
 * Reduces the list of npm to the packages that are in the bundle. Without its time and its random number, the file only
 * depends on the sources, as the bundle does. The base image with Node has a list of its own.
 */
function writeSbom(name: string, inputs: readonly string[]): void {
  // Without --omit=dev, because npm then also omits packages that a tool needs as well.
  const args = ['sbom', '--package-lock-only', '--sbom-format=cyclonedx', '--sbom-type=application']
  const sbom: Sbom = JSON.parse(execFileSync('npm', args, { cwd: root, encoding: 'utf8' }))
  const bundled = new Set(inputs.flatMap(findPackage))
  const own = sbom.dependencies[0]?.ref
  delete sbom.serialNumber
  delete sbom.metadata.timestamp
  sbom.metadata.component.name = `spark-nanny-${name}`
  sbom.components = sbom.components.filter((component) => bundled.has(`${component.name}@${component.version}`))
  const missing = bundled.difference(
    new Set(sbom.components.map((component) => `${component.name}@${component.version}`)),
  )
  if (missing.size > 0) throw new Error(`npm sbom lacks packages of the bundle: ${[...missing].join(', ')}`)
  sbom.dependencies = sbom.dependencies
    .filter(({ ref }) => ref === own || bundled.has(ref))
    .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((one) => bundled.has(one)) }))
  writeFileSync(join(dist, `${name}.cdx.json`), `${JSON.stringify(sbom, null, 2)}\n`)
}

/** `name@version` of the npm package that contains the file. Empty if it is a file of this repository. */
function findPackage(path: string): readonly string[] {
  const [, folder] = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path) ?? []
  if (folder === undefined) return []
  const { name, version } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
  return [`${name}@${version}`]
}

const { values: flags, positionals } = parseArgs({
  options: { sbom: { type: 'boolean', default: false } },
  allowPositionals: true,
})
/** The outputs to build, without their extensions; if empty, all. `webhook` means both of its programs. */
const wanted: readonly string[] = positionals
for (const { entry, outfile, executable = false, ...options } of bundles) {
  if (wanted.length > 0 && !wanted.some((name) => outfile.startsWith(`${name}.`) || outfile.startsWith(`${name}-`)))
    continue
  if (!existsSync(join(root, entry))) {
    console.log(`${entry}: not found, skipped`)
    continue
  }
  const file = join(dist, outfile)
  const { metafile } = await build({ ...common, ...options, entryPoints: [entry], outfile: file, metafile: true })
  if (flags.sbom) writeSbom(outfile.replace(/\..*$/, ''), Object.keys(metafile.inputs))
  if (executable) chmodSync(file, 0o755)
  console.log(`${entry} → ${relative(root, file)}`)
}
