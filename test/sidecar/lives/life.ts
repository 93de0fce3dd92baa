import type { HungReason } from '../../../core/verdict/verdict.ts'

/** How the driver's port answers. */
export type Ui =
  | { readonly kind: 'closed' }
  /** Connections are accepted by the kernel, and nothing reads them. */
  | { readonly kind: 'mute' }
  /** Spark's page "Spark is starting up". */
  | { readonly kind: 'starting' }
  | { readonly kind: 'serves'; readonly answerMs: number }
  /** A filter of the user protects every page. */
  | { readonly kind: 'guarded'; readonly statusCode: 401 | 302 }
  | { readonly kind: 'resets' }
  | { readonly kind: 'errors' }

/** What the kernel shows of the driver's processes. */
export interface ProcessShape {
  readonly state: 'R' | 'S' | 'D' | 'T' | 't'
  /** Cores that the JVM uses. An idle one uses 0.0025: 3 ticks in 12 s were observed. */
  readonly cores: number
  /** The same of Python; null if there is no such process. */
  readonly pythonCores: number | null
  /** The share of time in which the container is throttled. */
  readonly throttledShare: number
  readonly waitsForDisk: boolean
}

/** A thread of a dump. */
export interface SimulatedThread {
  readonly id: number
  readonly name: string
  readonly state: string
  readonly frames: readonly string[]
  readonly blockedBy?: number
}

export interface SimulatedQuery {
  readonly name: string
  readonly id: string
  readonly runId: string
  readonly state: 'RUNNING' | 'FINISHED' | 'FAILED'
  readonly batch: number
}

/** What the pages of the UI show at one moment. */
export interface Work {
  readonly jobs: readonly {
    readonly id: number
    readonly ended: number
    readonly active: number
    readonly query?: Pick<SimulatedQuery, 'runId' | 'batch'>
  }[]
  /** How many jobs were ever started. */
  readonly allJobs: number
  readonly executors: number
  readonly queries: readonly SimulatedQuery[]
  readonly threads: readonly SimulatedThread[]
  readonly droppedExecutorEvents: number
}

/** A verdict that is right about a driver in this phase. */
export interface RightVerdict {
  readonly reasons: readonly HungReason[]
  readonly certainty: 'certain' | 'likely'
  /** The earliest and the latest time after the start of the phase. The latest is null if the verdict need not be reached. */
  readonly afterMs: number
  readonly byMs: number | null
  /** Whether only a sidecar that has seen the time before this phase can know it. */
  readonly needsMemory?: boolean
}

/** A time in which the driver behaves in one way. */
export interface Phase {
  /** After the start of the container. */
  readonly fromMs: number
  readonly name: string
  readonly ui: Ui
  readonly process: ProcessShape
  readonly work: (ageMs: number) => Work
  /** Verdicts that would not be wrong. A driver without any is healthy. */
  readonly right: readonly RightVerdict[]
}

/** One driver, from the start of its container. Its phases are in order, and the first begins at 0. */
export interface Life {
  readonly story: string
  readonly phases: readonly Phase[]
  /** How it ends by itself; null if it does not. */
  readonly exit: { readonly afterMs: number; readonly code: number } | null
  readonly hasDebugAgent: boolean
}

export function phaseAt({ phases }: Life, ageMs: number): Phase {
  const phase = phases.findLast(({ fromMs }) => fromMs <= ageMs) ?? phases[0]
  if (phase === undefined) throw new Error('a life has no phase')
  return phase
}

/** How long the UI has answered as Spark's at `ageMs`, counted from its first answer. Below 0 if it has not yet. */
export function runTimeAt({ phases }: Life, ageMs: number): number {
  const answering: ReadonlySet<Ui['kind']> = new Set(['starting', 'serves', 'guarded'])
  const first = phases.find(({ ui }) => answering.has(ui.kind))
  return first === undefined ? -1 : ageMs - first.fromMs
}

/** Sums what a share of the time amounts to, up to `ageMs`. */
export function integrate({ phases }: Life, ageMs: number, share: (shape: ProcessShape) => number): number {
  return phases.reduce((sum, { fromMs, process }, index) => {
    const toMs = Math.min(ageMs, phases[index + 1]?.fromMs ?? Number.POSITIVE_INFINITY)
    return toMs <= fromMs ? sum : sum + share(process) * (toMs - fromMs)
  }, 0)
}
