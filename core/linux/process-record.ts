import type { JvmProcess, ProcessRecord, ProcessState } from '../verdict/witnesses.ts'

/** The kernel counts 100 ticks a second for every architecture (USER_HZ). */
export const msPerTick = 10

/** What one run of the probes recorded, without the time. */
export interface RecordedProcesses extends Omit<ProcessRecord, 'recordedMs'> {
  /** When the main process of the driver's container started, in ticks of 10 ms since boot. Null if it is not known. */
  readonly mainStartTicks: string | null
}

/** A longer file is not a record: one process takes 40 bytes. */
export const maxRecordBytes = 65_536

/**
 * Parses what the script of the probes writes (admission/probe-script.ts). Returns undefined if it is not complete, because
 * the file is not replaced atomically, or if it is too long. The driver can write anything into it.
 *
 * - The first line is the start time of the main process, or empty.
 * - `j`, `d`, `p` and `o` describe one process each: the driver's JVM, the same with a debug agent, a `python` process, and
 *   any other. Its state, CPU time in user mode and in kernel mode, threads and start time follow.
 * - `disk 1`: a thread of the JVM waits for a disk.
 * - `throttled_usec`, `throttled_time` (nanoseconds) and `oom_kill` are lines of the cgroup's files.
 * - The last line is `end`.
 */
export function parseProcessRecord(text: string): RecordedProcesses | undefined {
  if (text.length > maxRecordBytes || !text.endsWith('\nend\n')) return undefined
  const [main = '', ...lines] = text.split('\n').slice(0, -2)
  const items = lines.map((line) => line.split(' '))
  const valuesOf = (name: string) => items.filter(([word]) => word === name).map((words) => words.slice(1))
  const first = (name: string) => parseCount(valuesOf(name)[0]?.[0])
  const disk = first('disk')
  const jvms = [
    ...valuesOf('j').map((words) => parseJvm(words, false, disk)),
    ...valuesOf('d').map((words) => parseJvm(words, true, disk)),
  ].filter((jvm) => jvm !== null)
  const nanoseconds = first('throttled_time')
  const mainStartTicks = isStartTicks(main) ? main : null
  return {
    mainStartTicks,
    jvm: jvms.reduce<JvmProcess | null>(
      (oldest, jvm) => (oldest === null || isOlder(jvm, oldest) ? jvm : oldest),
      null,
    ),
    pythonCpuTicks: sumCpuTicks(valuesOf('p')),
    otherCpuTicks: mainStartTicks === null ? null : (sumCpuTicks(valuesOf('o')) ?? 0),
    throttledUs: first('throttled_usec') ?? (nanoseconds === null ? null : Math.floor(nanoseconds / 1_000)),
    oomKills: first('oom_kill'),
  }
}

/** Whether a text is a start time as the probes record it. */
export const isStartTicks = (text: string): boolean => /^[1-9]\d{0,15}$/.test(text)

const parseCount = (text: string | undefined) => (text !== undefined && /^\d{1,18}$/.test(text) ? Number(text) : null)

function parseJvm(words: readonly string[], hasDebugAgent: boolean, disk: number | null): JvmProcess | null {
  const [state = '', user, kernel, threadCount, startTicks = ''] = words
  const cpuTicks = addCounts(user, kernel)
  const threads = parseCount(threadCount)
  if (cpuTicks === null || threads === null || !isStartTicks(startTicks)) return null
  const waitsForDisk = disk === null ? null : disk > 0
  return { startTicks, state: states[state] ?? 'unknown', cpuTicks, threads, hasDebugAgent, waitsForDisk }
}

/** The driver may start other JVMs that run SparkSubmit. */
const isOlder = (jvm: JvmProcess, other: JvmProcess) => Number(jvm.startTicks) < Number(other.startTicks)

const states: Readonly<Record<string, ProcessState | undefined>> = {
  R: 'running',
  S: 'sleeping',
  D: 'waiting-for-disk',
  T: 'stopped',
  t: 'traced',
  Z: 'zombie',
}

function sumCpuTicks(processes: readonly (readonly string[])[]): number | null {
  const ticks = processes.map(([, user, kernel]) => addCounts(user, kernel)).filter((count) => count !== null)
  return ticks.length === 0 ? null : ticks.reduce((sum, count) => sum + count, 0)
}

function addCounts(user: string | undefined, kernel: string | undefined): number | null {
  const counts = [parseCount(user), parseCount(kernel)] as const
  return counts[0] === null || counts[1] === null ? null : counts[0] + counts[1]
}
