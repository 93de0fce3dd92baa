import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { run as runTests } from 'node:test'
import { spec } from 'node:test/reporters'
import { parseArgs } from 'node:util'
import { startCluster } from './harness/cluster.ts'
import { down } from './harness/kubernetes/lifecycle.ts'
import { clusterFile, logsDir, testsDir } from './harness/paths.ts'
import { stopRunning } from './harness/processes.ts'
import { step } from './harness/progress.ts'

const usage = `usage: npm run test:cluster -- [options] [name …]
  Starts a one-node Kubernetes, runs the tests of test/cluster on it, and stops it.
  name …    only test files whose name contains one of these
  --keep    leave the cluster up afterwards
  --up      only start the cluster, and leave it up
  --down    only stop the cluster
  --grep X  only tests whose name matches X`

const begin = performance.now()
const log = (line: string): void =>
  console.log(`[${((performance.now() - begin) / 1000).toFixed(0).padStart(4)} s] ${line}`)

const parse = () => {
  const options = {
    keep: { type: 'boolean', default: false },
    up: { type: 'boolean', default: false },
    down: { type: 'boolean', default: false },
    grep: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  } as const
  try {
    return parseArgs({ options, allowPositionals: true })
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n${usage}`)
    process.exit(2)
  }
}

const testFiles = (names: readonly string[]): string[] =>
  readdirSync(testsDir)
    .filter((file) => file.endsWith('.test.ts'))
    .filter((file) => names.length === 0 || names.some((name) => file.includes(name)))
    .sort()
    .map((file) => join(testsDir, file))

/** Runs the test files one after another and gives how many tests passed and failed. */
const runFiles = async (files: string[], grep: string | undefined, signal: AbortSignal) => {
  let passed = 0
  let failed = 0
  const env = { ...process.env, SPARK_NANNY_CLUSTER: clusterFile }
  const stream = runTests({ files, concurrency: 1, signal, env, ...(grep ? { testNamePatterns: grep } : {}) })
  // Suites count by their tests, files by theirs.
  const isTest = (type: string | undefined, skip: unknown): boolean => type === 'test' && !skip
  stream.on('test:pass', ({ details, skip }) => {
    if (isTest(details.type, skip)) passed++
  })
  stream.on('test:fail', ({ details }) => {
    if (isTest(details.type, undefined)) failed++
  })
  for await (const text of stream.compose(spec())) process.stdout.write(text as string)
  return { passed, failed }
}

const { values, positionals } = parse()
if (values.help) {
  console.log(usage)
  process.exit(0)
}
if (values.down) {
  await step(log, 'stop the cluster', () => down(log))
  process.exit(0)
}

const abort = new AbortController()
let stopping: Promise<void> | undefined
const stopOnce = (): Promise<void> => {
  stopping ??= step(log, 'stop the cluster', () => down(log))
  return stopping
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    log(`${signal}: stopping`)
    abort.abort()
    stopRunning()
    void stopOnce().finally(() => process.exit(130))
  })
}

let code = 1
let summary = ''
let started = false
try {
  const cluster = await startCluster(log)
  started = true
  log(`the cluster is up: export KUBECONFIG=${cluster.kubeconfigPath}; logs in ${logsDir}`)
  if (values.up) code = 0
  else {
    const { passed, failed } = await runFiles(testFiles(positionals), values.grep, abort.signal)
    summary = `${passed} passed, ${failed} failed`
    code = failed > 0 || passed === 0 ? 1 : 0
  }
} catch (error) {
  log(error instanceof Error ? error.message : String(error))
}
if (!(started && (values.keep || values.up))) await stopOnce()
if (summary) console.log(summary)
process.exit(code)
