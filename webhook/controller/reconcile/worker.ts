import type { Log } from '../../../core/log.ts'
import type { Reconcile } from './reconciler.ts'
import type { WorkQueue } from './work-queue.ts'

export interface WorkerDeps {
  readonly log: Log
  /** Milliseconds of a monotonic clock. */
  monotonicMs(): number
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

/** How long drivers are evaluated without yielding. Admissions wait at most this long plus one evaluation. */
const maxWorkMs = 10
const retryAfterErrorMs = 60_000

/** Reconciles key after key until `signal`. A bug that one pod triggers must not stop the others. */
export async function runWorker(
  deps: WorkerDeps,
  queue: WorkQueue,
  reconcile: Reconcile,
  signal: AbortSignal,
): Promise<void> {
  let pausedMs = deps.monotonicMs()
  while (!signal.aborted) {
    const key = queue.take(deps.monotonicMs())
    if (key === undefined) await waitForKey(deps, queue, signal)
    else reconcileSafely(deps, queue, reconcile, key)
    if (deps.monotonicMs() - pausedMs >= maxWorkMs) {
      await deps.sleep(1, signal)
      pausedMs = deps.monotonicMs()
    }
  }
}

function reconcileSafely({ log, monotonicMs }: WorkerDeps, queue: WorkQueue, reconcile: Reconcile, key: string): void {
  try {
    reconcile(key)
  } catch (error) {
    log.error({ event: 'reconcile-failed', driver: key, err: error })
    queue.addAt(key, monotonicMs() + retryAfterErrorMs)
  }
}

/** Resolves when a key is due. */
async function waitForKey(deps: WorkerDeps, queue: WorkQueue, signal: AbortSignal): Promise<void> {
  const timer = new AbortController()
  const aborted = AbortSignal.any([signal, timer.signal])
  const waitMs = Math.max(1, Math.min(60_000, queue.nextMs() - deps.monotonicMs()))
  await Promise.race([queue.added(), deps.sleep(waitMs, aborted)])
  timer.abort()
}
