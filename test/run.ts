/**
 * Entry of `npm test`: every gate except the cluster tests and the benchmarks. Prints `N passed, N failed` last, and exits
 * with 1 on any failure. With paths (`npm test -- test/core/verdict/verdict.test.ts test/cli`) it runs only the test files at or
 * below them, and no other gate. If a path cannot be used, it runs nothing, prints no result line and exits with 2.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { glob, stat } from 'node:fs/promises'
import { delimiter, join, relative } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'

interface Count {
  readonly passed: number
  readonly failed: number
}

interface Gate {
  readonly name: string
  readonly run: () => Promise<Count>
}

/** A test that takes longer is considered hung. The run's own limit catches a process in which no timer can fire. */
const testTimeoutMs = 300_000
const runTimeoutMs = 1_200_000

const root = join(import.meta.dirname, '..')
const binDir = join(root, 'node_modules', '.bin')
const sourceFolders = 'admission,certs,cli,cluster,core,kubernetes,legacy,sidecar,spark-ui,webhook'
/** All but the folders of `cluster`, which needs root and a container runtime, and `bench`. */
const testFolders = `${sourceFolders.replace('cluster,', '')},alerts,charts,demo,docs,field`

/** `process.execPath`, never `node`: npm puts Node 26 first on the PATH, whichever version the machine has. */
const gates: readonly Gate[] = [
  { name: 'types (tsc)', run: () => runCommand(join(binDir, 'tsc'), '--noEmit', '--pretty', 'false') },
  { name: 'lint and format (biome)', run: () => runCommand(join(binDir, 'biome'), 'ci', '--colors=off', '.') },
  { name: 'generated docs and chart files', run: () => runCommand(process.execPath, 'docs/generate.ts', '--check') },
  { name: 'prose (textlint)', run: () => runCommand(process.execPath, 'docs/prose-check.ts') },
  { name: 'tests (node:test)', run: async () => runTests(await findAllTests(), true) },
]

const paths = process.argv.slice(2)
const selected = await Promise.all(paths.map(findTests))
const problems = selected.flatMap((found) => (found.kind === 'problem' ? [found.problem] : []))
if (problems.length > 0) {
  for (const problem of problems) console.error(`error: ${problem}`)
  process.exitCode = 2
} else {
  const files = new Set(selected.flatMap((found) => (found.kind === 'files' ? found.files : [])))
  const total = paths.length > 0 ? await runTests([...files], false) : await runGates()
  console.log(`${total.passed} passed, ${total.failed} failed`)
  process.exitCode = total.failed === 0 ? 0 : 1
}

async function runGates(): Promise<Count> {
  let sum: Count = { passed: 0, failed: 0 }
  const failedGates: string[] = []
  for (const [index, { name, run: runGate }] of gates.entries()) {
    const title = `[${index + 1}/${gates.length}] ${name}`
    console.log(`${title} …`)
    const startedMs = performance.now()
    const count = await runGate()
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
    console.log(`${title}: ${count.failed === 0 ? 'ok' : 'FAILED'}, ${seconds} s`)
    if (count.failed > 0) failedGates.push(name)
    sum = { passed: sum.passed + count.passed, failed: sum.failed + count.failed }
  }
  if (failedGates.length > 0) console.log(`failed: ${failedGates.join('; ')}`)
  return sum
}

/** A gate that passes or fails as a whole counts as one. */
async function runCommand(file: string, ...args: readonly string[]): Promise<Count> {
  const child = spawn(file, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, PATH: `${binDir}${delimiter}${process.env.PATH ?? ''}` },
  })
  const code = await once(child, 'exit').then(
    ([exitCode]: readonly unknown[]) => exitCode,
    (error: unknown) => console.error(`${relative(root, file)}: ${String(error)}`),
  )
  return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 }
}

async function findAllTests(): Promise<readonly string[]> {
  const patterns = ['test/*.test.ts', 'test/cluster/*.test.ts', `test/{${testFolders}}/**/*.test.ts`]
  return Array.fromAsync(glob(patterns, { cwd: root }))
}

type FoundTests =
  | { readonly kind: 'files'; readonly files: readonly string[] }
  | { readonly kind: 'problem'; readonly problem: string }

/** The test file that the argument names, or all that are below a folder. */
async function findTests(path: string): Promise<FoundTests> {
  const info = await stat(join(root, path)).catch(() => undefined)
  if (info === undefined) return { kind: 'problem', problem: `${path}: there is no such file or folder` }
  if (info.isDirectory()) {
    const files = await Array.fromAsync(glob(`${path}/**/*.test.ts`, { cwd: root }))
    return files.length > 0 ? { kind: 'files', files } : { kind: 'problem', problem: `${path}: contains no *.test.ts` }
  }
  // node:test runs any file, and a source file without tests would count as a passed test.
  if (!path.endsWith('.test.ts')) {
    return { kind: 'problem', problem: `${path}: is not a test file; expected a folder or a *.test.ts` }
  }
  return { kind: 'files', files: [path] }
}

/** Runs each file in a process of its own, two at a time. */
async function runTests(files: readonly string[], coverage: boolean): Promise<Count> {
  let count: Count = { passed: 0, failed: 1 }
  const events = run({
    files: files.toSorted().map((file) => join(root, file)),
    cwd: root,
    concurrency: 2,
    timeout: testTimeoutMs,
    signal: AbortSignal.timeout(runTimeoutMs),
    ...(coverage && { coverage, coverageIncludeGlobs: `{${sourceFolders}}/**/*.ts` }),
  })
  events.on('test:summary', ({ file, counts, success }) => {
    if (file !== undefined) return
    const failed = counts.tests - counts.passed - counts.skipped - counts.todo
    count = { passed: counts.passed, failed: success ? failed : Math.max(1, failed) }
  })
  let coverageLine = ''
  events.on('test:coverage', ({ summary: { totals } }) => {
    const percent = (value: number) => `${value.toFixed(1)} %`
    coverageLine = `coverage: lines ${percent(totals.coveredLinePercent)}, branches ${percent(totals.coveredBranchPercent)}, functions ${percent(totals.coveredFunctionPercent)}`
  })
  // The reporter would print the coverage of each file: hundreds of lines that hide what failed.
  const report = events.filter(({ type }) => type !== 'test:coverage').compose(new spec())
  report.pipe(process.stdout, { end: false })
  await once(report, 'end')
  if (coverageLine !== '') console.log(coverageLine)
  return count
}
