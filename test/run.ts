/** Entry of `npm test`: every gate but the cluster and the bench. Ends in `N passed, N failed`, and in 1 on any failure. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { glob } from 'node:fs/promises'
import { delimiter, join, relative } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'

interface Count {
  readonly passed: number
  readonly failed: number
}

interface Gate {
  readonly name: string
  readonly pass: () => Promise<Count>
}

/** A test that takes longer hangs; so does a run, one in which even a timer cannot fire. */
const testTimeoutMs = 300_000
const runTimeoutMs = 1_200_000

const root = join(import.meta.dirname, '..')
const binDir = join(root, 'node_modules', '.bin')

/** `process.execPath`, never `node`: npm put Node 26 first on the PATH, whatever the machine's own is. */
const gates: readonly Gate[] = [
  { name: 'types (tsc)', pass: () => command(join(binDir, 'tsc'), '--noEmit', '--pretty', 'false') },
  { name: 'lint and format (biome)', pass: () => command(join(binDir, 'biome'), 'ci', '--colors=off', '.') },
  { name: 'docs and chart are generated', pass: () => command(process.execPath, 'docs/generate.ts', '--check') },
  { name: 'tests (node:test)', pass: runTests },
]

let total: Count = { passed: 0, failed: 0 }
const failedGates: string[] = []
for (const [index, { name, pass }] of gates.entries()) {
  console.log(`[${index + 1}/${gates.length}] ${name} …`)
  const startedMs = performance.now()
  const count = await pass()
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
  console.log(`[${index + 1}/${gates.length}] ${name}: ${count.failed === 0 ? 'ok' : 'FAILED'}, ${seconds} s`)
  if (count.failed > 0) failedGates.push(name)
  total = { passed: total.passed + count.passed, failed: total.failed + count.failed }
}
if (failedGates.length > 0) console.log(`failed: ${failedGates.join('; ')}`)
console.log(`${total.passed} passed, ${total.failed} failed`)
process.exitCode = total.failed === 0 ? 0 : 1

/** A gate that passes or fails as a whole: one in the count. */
async function command(file: string, ...args: readonly string[]): Promise<Count> {
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

/** All test files but those of the cluster and the bench, each in its own process. */
async function runTests(): Promise<Count> {
  const files: string[] = []
  const folders = 'admission,alerts,certs,charts,cli,core,demo,docs,kubernetes,sidecar,spark-ui,webhook'
  for await (const file of glob(['test/*.test.ts', `test/{${folders}}/**/*.test.ts`], { cwd: root })) {
    files.push(join(root, file))
  }
  if (files.length === 0) {
    console.error('no test files found')
    return { passed: 0, failed: 1 }
  }
  let count: Count = { passed: 0, failed: 1 }
  const events = run({
    files: files.toSorted(),
    cwd: root,
    concurrency: 2,
    timeout: testTimeoutMs,
    signal: AbortSignal.timeout(runTimeoutMs),
  })
  events.on('test:summary', ({ file, counts, success }) => {
    if (file !== undefined) return
    const failed = counts.tests - counts.passed - counts.skipped - counts.todo
    count = { passed: counts.passed, failed: success ? failed : Math.max(1, failed) }
  })
  const report = events.compose(new spec())
  report.pipe(process.stdout, { end: false })
  await once(report, 'end')
  return count
}
