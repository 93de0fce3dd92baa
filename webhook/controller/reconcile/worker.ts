import type { Log } from '../../../core/log.ts'
import type { Reconciler } from './reconciler.ts'
import type { WorkQueue } from './work-queue.ts'

export interface WorkerDeps {
  readonly log: Log
  /** Milliseconds of a monotonic clock. */
  monotonicMs(): number
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

/** How long drivers are evaluated without yielding. Admissions wait at most this long plus one evaluation. */
const looksForMs = 10

/** Reconciles key after key until `signal`. A bug that one pod triggers must not stop the others. */
export async function runWorker(
  edges: WorkerDeps,
  queue: WorkQueue,
  reconciler: Pick<Reconciler, 'reconcile'>,
  signal: AbortSignal,
): Promise<void> {
  let pausedMs = edges.monotonicMs()
  while (!signal.aborted) {
    const key = queue.take(edges.monotonicMs())
    if (key === undefined) await idle(edges, queue, signal)
    else {
      try {
        reconciler.reconcile(key)
      } catch (error) {
        edges.log.error({ event: 'reconcile-failed', driver: key, err: error })
        queue.addAt(key, edges.monotonicMs() + 60_000)
      }
    }
    if (edges.monotonicMs() - pausedMs >= looksForMs) {
      await edges.sleep(1, signal)
      pausedMs = edges.monotonicMs()
    }
  }
}

/** Resolves when a key is due. */
async function idle(edges: WorkerDeps, queue: WorkQueue, signal: AbortSignal): Promise<void> {
  const timer = new AbortController()
  const aborted = AbortSignal.any([signal, timer.signal])
  const waitMs = Math.max(1, Math.min(60_000, queue.nextMs() - edges.monotonicMs()))
  await Promise.race([queue.added(), edges.sleep(waitMs, aborted)])
  timer.abort()
}
