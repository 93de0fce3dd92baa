/**
 * Entry of `npm run demo`: the real webhook and the real sidecar, with a fake driver and a fake kubelet. No
 * cluster, no Java, no root. Exits with 1 if an expected step does not happen.
 */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Figures, runScenarios } from './run-scenarios.ts'
import { createTimeline } from './timeline.ts'

class Interrupted extends Error {}

const colour = process.stdout.isTTY === true && !process.env.NO_COLOR
const timeline = createTimeline(
  (text) => void process.stdout.write(text),
  () => performance.now(),
  colour,
)
const dir = await mkdtemp(join(tmpdir(), 'spark-nanny-demo-'))

const cleanUps: (() => Promise<void>)[] = []
const interrupted = new Promise<never>((_, reject) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => reject(new Interrupted(signal)))
  }
})

try {
  timeline.heading('spark-nanny demo: one driver hangs, the sidecar of another is killed repeatedly')
  const figures = await Promise.race([runScenarios(timeline, dir, (cleanUp) => cleanUps.push(cleanUp)), interrupted])
  printSummary(figures)
} catch (error) {
  process.exitCode = error instanceof Interrupted ? 130 : 1
  timeline.heading(`failed: ${error instanceof Error ? error.message : String(error)}`)
  if (!(error instanceof Interrupted)) await printLogs()
} finally {
  for (const cleanUp of cleanUps.reverse()) await cleanUp()
  await rm(dir, { recursive: true, force: true })
}

function printSummary({ hung, killed }: Figures): void {
  const seconds = (durationMs: number) => `${(durationMs / 1_000).toFixed(1)} s`
  timeline.heading('All steps succeeded:')
  timeline.print(
    [
      `  driver-1 hung and was restarted in its own pod. Hang → verdict ${seconds(hung.hangToVerdictMs)} (3 polls of 1 s),`,
      `           verdict → driver started again ${seconds(hung.verdictToRestartMs)}, → Ready ${seconds(hung.restartToReadyMs)}; hang → answering ${seconds(hung.hangToAnswerMs)}.`,
      `  driver-2 kept running. Its sidecar was killed ${killed.kills} times in ${seconds(killed.killingMs)}; it answered ${killed.answers} of ${killed.answers} times, with no restart.`,
    ].join('\n'),
  )
}

/** Prints the last lines of each process's output, so that a failure can be diagnosed. */
async function printLogs(): Promise<void> {
  for (const entry of await readdir(dir, { recursive: true })) {
    if (!entry.endsWith('.log')) continue
    const lines = (await readFile(join(dir, entry), 'utf8')).trimEnd().split('\n').slice(-15)
    timeline.print(`--- ${entry}\n${lines.join('\n')}`)
  }
}
