import { metricsPath } from '../../../core/spark/metrics.ts'
import { queriesPath } from '../../../core/spark/queries.ts'
import { applicationsPath } from '../../../core/spark/rest-api.ts'
import { integrate, type Life, type Phase, phaseAt } from './life.ts'
import {
  formatApplications,
  formatExecutors,
  formatJobs,
  formatMetrics,
  formatQueries,
  formatThreads,
  startingPage,
} from './ui-bodies.ts'

/** How the driver's port answers a request that is sent now. */
export type Reply =
  | { readonly kind: 'refuses' }
  | { readonly kind: 'is-silent' }
  | { readonly kind: 'resets' }
  | {
      readonly kind: 'answers'
      readonly afterMs: number
      readonly statusCode: number
      readonly body: string
      /** As much as a real Spark would send. */
      readonly bytes: number
    }

/** One run of the driver's container. */
export interface DriverContainer {
  readonly life: Life
  readonly startMs: number
  /** The start time of its main process, in ticks since the node booted. */
  readonly startTicks: string
  phase(nowMs: number): Phase
  reply(path: string, nowMs: number): Reply
  /** What the script of the probes writes about the processes; `doubted`: with the state of the disks. */
  record(nowMs: number, doubted: boolean): string
  /** Whether the JVM reacts to SIGTERM. One that is stopped, or that stands still, does not. */
  obeysSigterm(nowMs: number): boolean
}

export interface DriverContainerOptions {
  readonly life: Life
  readonly startMs: number
  readonly bootedBeforeMs: number
  /** Under which it lists itself. */
  readonly applicationId: string
  readonly threadDumps: boolean
  /** Whether process 1 of the probes is the driver's: not if the pod shares its process namespace. */
  readonly ownProcesses: boolean
}

const msPerTick = 10
/** The JVM starts after its shell. */
const jvmDelayTicks = 30

export function createDriverContainer(options: DriverContainerOptions): DriverContainer {
  const { life, startMs, bootedBeforeMs, ownProcesses } = options
  const startTicks = Math.floor((startMs + bootedBeforeMs) / msPerTick)
  const phase = (nowMs: number) => phaseAt(life, nowMs - startMs)
  return {
    life,
    startMs,
    startTicks: String(startTicks),
    phase,
    reply: (path, nowMs) => replyIn(phase(nowMs), path, nowMs - startMs, options),
    record(nowMs, doubted) {
      const ageMs = nowMs - startMs
      const { process } = phase(nowMs)
      const ticks = (share: Parameters<typeof integrate>[2]) => Math.floor(integrate(life, ageMs, share) / msPerTick)
      const jvm = [
        life.hasDebugAgent ? 'd' : 'j',
        process.state,
        ticks(({ cores }) => cores),
        0,
        60,
        startTicks + jvmDelayTicks,
      ]
      const python = ['p', 'S', ticks(({ pythonCores }) => pythonCores ?? 0), 0, 4, startTicks + jvmDelayTicks]
      const throttledUs = Math.floor(1_000 * integrate(life, ageMs, ({ throttledShare }) => throttledShare))
      return [
        ownProcesses ? startTicks : '',
        ...(ageMs >= jvmDelayTicks * msPerTick ? [jvm.join(' ')] : []),
        ...(process.pythonCores === null ? [] : [python.join(' ')]),
        ...(doubted ? [`disk ${process.waitsForDisk ? 1 : 0}`] : []),
        `throttled_usec ${throttledUs}`,
        'oom_kill 0',
        'end',
        '',
      ].join('\n')
    },
    obeysSigterm: (nowMs) => {
      const { process, ui } = phase(nowMs)
      return ui.kind !== 'mute' && process.state !== 'T' && process.state !== 't' && process.cores > 0
    },
  }
}

const headerBytes = 250

const answer = (afterMs: number, body: string, statusCode = 200, realBytes = body.length): Reply => ({
  kind: 'answers',
  afterMs,
  statusCode,
  body,
  bytes: headerBytes + realBytes,
})

function replyIn({ ui, work }: Phase, path: string, ageMs: number, options: DriverContainerOptions): Reply {
  switch (ui.kind) {
    case 'closed':
      return { kind: 'refuses' }
    case 'mute':
      return { kind: 'is-silent' }
    case 'resets':
      return { kind: 'resets' }
    case 'errors':
      return answer(10, '', 500)
    case 'starting':
      return answer(10, startingPage)
    case 'guarded':
      return answer(10, '', ui.statusCode)
    case 'serves': {
      const page = formatPage(path, work(ageMs), options)
      return page === undefined ? answer(ui.answerMs, '', 404) : answer(ui.answerMs, page.body, 200, page.realBytes)
    }
  }
}

type ReadWork = ReturnType<Phase['work']>

interface Page {
  readonly body: string
  /** The size of the same page of Spark 4.0.1, as in test/data/spark-ui. */
  readonly realBytes: number
}

function formatPage(path: string, work: ReadWork, options: DriverContainerOptions): Page | undefined {
  const { applicationId, threadDumps } = options
  if (path === applicationsPath) return { body: formatApplications(applicationId), realBytes: 436 }
  if (path === metricsPath) return { body: formatMetrics(applicationId, work), realBytes: 14_800 }
  if (path === queriesPath) return { body: formatQueries(work), realBytes: 19_600 }
  if (path.includes('/jobs')) return { body: formatJobs(work), realBytes: 5 + 850 * work.jobs.length }
  if (path.endsWith('/executors')) return { body: formatExecutors(work), realBytes: 1_600 * (1 + work.executors) }
  if (path.endsWith('/threads') && threadDumps) return { body: formatThreads(work), realBytes: 200_000 }
  return undefined
}
