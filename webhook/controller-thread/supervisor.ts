import { availableMemory } from 'node:process'
import { Worker } from 'node:worker_threads'
import type { Log } from '../../core/log.ts'
import type { ThreadMetrics } from '../controller/metrics/metrics.ts'
import {
  type ControllerFacts,
  type ControllerReport,
  type FromController,
  parseFromController,
  type ThreadData,
  type ToController,
} from './messages.ts'
import {
  defaultLimits,
  firstSupervision,
  type Supervision,
  type SupervisionEffect,
  type SupervisionEvent,
  type SupervisionLimits,
  superviseNext,
} from './supervision.ts'

/** The controller as admission sees it. Nothing here waits for it, and nothing fails because of it. */
export interface ControllerLink {
  /** Why no sidecars are injected in the namespace at present, as far as the controller has reported. */
  suspension(namespace: string): string | null
  /** Whether the controller's watches are stale, by collection. */
  stale(): Readonly<Record<string, boolean>>
  isLeader(): boolean
  /** The Prometheus text of the controller; empty if it does not answer in time. */
  metrics(): Promise<string>
  /** Keeps a thread running until `signal` is aborted, then ends it: the lease is released. */
  run(facts: () => ControllerFacts, signal: AbortSignal): Promise<void>
}

export interface SupervisorDeps {
  /** The program of the thread. */
  readonly file: string
  readonly data: ThreadData
  /** The limit of its old generation. */
  readonly maxHeapMebibytes: number
  readonly limits?: Partial<SupervisionLimits>
  readonly metrics: ThreadMetrics
  readonly log: Log
  /** Writes lines of the thread's log as they are. */
  writeLog(text: string): void
  sleep(ms: number, signal: AbortSignal): Promise<void>
  random(): number
  /** Milliseconds of a monotonic clock. */
  monotonicMs(): number
}

const mebibyte = 1024 ** 2
const tickMs = 1_000
/** Buffers are not part of the heap. Requests to pods and lists hold less. */
const maxBufferBytes = 64 * mebibyte
const renderWithinMs = 2_000
/** Actions that were begun are completed, and the lease is released. Less than the time in which the process must end. */
const stopWithinMs = 4_000
/** How long the last report of a suspension counts: as long as failures count in the controller. */
const suspensionsKeptMs = 15 * 60_000
/** The collections of the controller, for as long as none is known from it. */
const unknownCollections = { drivers: true, namespaces: true }

/**
 * The heap of the thread: a third of the memory of the container, so that admission has more than half of it. Without a
 * limit it is 512 MiB at most.
 */
export function chooseHeapMebibytes(constrainedBytes: number): number {
  const limitBytes = constrainedBytes > 0 ? constrainedBytes : availableMemory()
  return Math.min(512, Math.max(96, Math.floor(limitBytes / mebibyte / 3)))
}

/** The thread that runs, and what is known from it. */
interface Link {
  readonly deps: SupervisorDeps
  readonly limits: SupervisionLimits
  worker: Worker | null
  supervision: Supervision
  report: ControllerReport | null
  suspensions: { readonly byNamespace: Readonly<Record<string, string>>; readonly atMs: number } | null
  sentFacts: string
  rendering: { readonly id: number; readonly resolve: (text: string) => void } | null
  /** Resolves `run` when the thread has ended. */
  readonly ended: PromiseWithResolvers<void>
}

export function createControllerSupervisor(deps: SupervisorDeps): ControllerLink {
  const { monotonicMs } = deps
  const link: Link = {
    deps,
    limits: {
      ...defaultLimits,
      maxMemoryBytes: deps.maxHeapMebibytes * mebibyte + maxBufferBytes,
      ...deps.limits,
    },
    worker: null,
    supervision: firstSupervision,
    report: null,
    suspensions: null,
    sentFacts: '',
    rendering: null,
    ended: Promise.withResolvers<void>(),
  }
  return {
    suspension: (namespace) => {
      const { suspensions } = link
      if (suspensions === null || monotonicMs() - suspensions.atMs > suspensionsKeptMs) return null
      return Object.hasOwn(suspensions.byNamespace, namespace) ? (suspensions.byNamespace[namespace] ?? null) : null
    },
    stale: () => link.report?.stale ?? (link.supervision.kind === 'running' ? {} : unknownCollections),
    isLeader: () => link.report?.isLeader === true,
    metrics: () => render(link),
    run: async (facts, signal) => {
      while (!signal.aborted) {
        handle(link, { kind: 'tick', nowMs: monotonicMs() })
        sendFacts(link, facts())
        await deps.sleep(tickMs, signal)
      }
      handle(link, { kind: 'stop' })
      const timer = setTimeout(() => void link.worker?.terminate(), stopWithinMs)
      await link.ended.promise
      clearTimeout(timer)
    },
  }
}

/** Decides what an event means, and does it. */
function handle(link: Link, event: SupervisionEvent): void {
  const { state, effect } = superviseNext(link.supervision, event, link.limits)
  link.supervision = state
  perform(link, effect)
  link.deps.metrics.setUp(state.kind === 'running' && link.report !== null)
  if (state.kind === 'stopped') link.ended.resolve()
}

function perform(link: Link, effect: SupervisionEffect): void {
  const { metrics, log } = link.deps
  switch (effect.kind) {
    case 'none':
      return
    case 'start':
      link.sentFacts = ''
      startOrFail(link)
      return
    case 'terminate':
      void link.worker?.terminate()
      return
    case 'ask-to-stop':
      post(link, { kind: 'stop' })
      return
    case 'report-failure': {
      const { cause, delayMs } = effect
      metrics.countFailure(cause)
      log.error({ event: 'controller-failed', cause, restartInMs: Math.round(delayMs) })
    }
  }
}

const post = ({ worker }: Link, message: ToController): void => worker?.postMessage(message)

function sendFacts(link: Link, facts: ControllerFacts): void {
  const keys = facts.injectionKeys.map((key) => Buffer.from(key).toString('hex'))
  const text = JSON.stringify([facts.nativeSidecars, keys])
  if (link.worker === null || text === link.sentFacts) return
  post(link, { kind: 'facts', facts })
  link.sentFacts = text
}

/** A thread that cannot be created, for example because the node has no process ids left, counts as one that crashed. */
function startOrFail(link: Link): void {
  const { log, monotonicMs, random } = link.deps
  try {
    link.worker = startWorker(link)
  } catch (error) {
    log.error({ event: 'controller-error', err: error })
    handle(link, { kind: 'exited', cause: 'crashed', nowMs: monotonicMs(), random: random() })
  }
}

function startWorker(link: Link): Worker {
  const { file, data, maxHeapMebibytes, log, monotonicMs, random } = link.deps
  const worker = new Worker(file, {
    name: 'controller',
    workerData: data,
    resourceLimits: { maxOldGenerationSizeMb: maxHeapMebibytes },
  })
  let cause: 'crashed' | 'out-of-memory' = 'crashed'
  worker.on('message', (message: unknown) => {
    const parsed = parseFromController(message)
    if (parsed !== undefined) receive(link, parsed)
  })
  worker.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'ERR_WORKER_OUT_OF_MEMORY') cause = 'out-of-memory'
    log.error({ event: 'controller-error', err: error })
  })
  worker.once('exit', () => {
    link.worker = null
    link.report = null
    link.rendering?.resolve('')
    handle(link, { kind: 'exited', cause, nowMs: monotonicMs(), random: random() })
  })
  return worker
}

function receive(link: Link, message: FromController): void {
  const { metrics, log, writeLog, monotonicMs } = link.deps
  switch (message.kind) {
    case 'report': {
      const { suspensions, memoryBytes } = message.report
      link.report = message.report
      // A thread that has not listed the drivers yet knows of no suspension.
      if (suspensions !== null) link.suspensions = { byNamespace: suspensions, atMs: monotonicMs() }
      metrics.setMemory(memoryBytes)
      handle(link, { kind: 'report', memoryBytes })
      return
    }
    case 'metrics':
      if (link.rendering?.id === message.id) link.rendering.resolve(message.text)
      return
    case 'log':
      writeLog(message.text)
      if (message.dropped > 0) log.warn({ event: 'log-lines-dropped', lines: message.dropped })
      post(link, { kind: 'log-written' })
      return
    case 'stopped':
      void link.worker?.terminate()
  }
}

/** At most one rendering is under way: a later one makes the earlier one end without a text. */
async function render(link: Link): Promise<string> {
  link.rendering?.resolve('')
  if (link.worker === null) return ''
  const { promise, resolve } = Promise.withResolvers<string>()
  const id = (link.rendering?.id ?? 0) + 1
  link.rendering = { id, resolve }
  post(link, { kind: 'render', id })
  const timer = setTimeout(() => resolve(''), renderWithinMs)
  const text = await promise
  clearTimeout(timer)
  return text
}
