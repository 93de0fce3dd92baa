/**
 * Entry of `npm run demo`: the real webhook and the real sidecar, with stand-ins for the driver and the kubelet. No
 * cluster, no Java, no root. Exits with 1 when something of the story does not happen.
 */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Figures, play } from './play.ts'
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
  timeline.heading('spark-nanny demo: one driver hangs, another loses its sidecar again and again')
  const figures = await Promise.race([play(timeline, dir, (cleanUp) => cleanUps.push(cleanUp)), interrupted])
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
  timeline.heading('All of it happened:')
  timeline.print(
    [
      `  driver-1 hung and was restarted in its own pod. Hang → verdict ${seconds(hung.hangToVerdictMs)} (3 polls of 1 s),`,
      `           verdict → driver started again ${seconds(hung.verdictToRestartMs)}, → Ready ${seconds(hung.restartToReadyMs)}; hang → answering ${seconds(hung.hangToAnswerMs)}.`,
      `  driver-2 lived. Its sidecar was killed ${killed.kills} times in ${seconds(killed.underFireMs)}; it answered ${killed.answers} of ${killed.answers} times, with no restart.`,
    ].join('\n'),
  )
}

/** The ends of what the processes printed, for whoever must find out why. */
async function printLogs(): Promise<void> {
  for (const entry of await readdir(dir, { recursive: true })) {
    if (!entry.endsWith('.log')) continue
    const lines = (await readFile(join(dir, entry), 'utf8')).trimEnd().split('\n').slice(-15)
    timeline.print(`--- ${entry}\n${lines.join('\n')}`)
  }
}
