import type { DeletionCause } from '../assess/deletion-reason.ts'
import { applicationKey, type Driver } from '../driver/driver.ts'
import type { ControllerMetrics } from './metrics.ts'
import {
  classifyDeletedPod,
  findTermination,
  requestsRestart,
  type Termination,
  type TerminationCause,
} from './termination.ts'

/** Counts driver terminations and measures the time until a successor is Ready, while this process leads. */
export interface TerminationTracker {
  /** `deletionCause` says why the controller requested the deletion of the pod; null if it did not. */
  changed(driver: Driver, before: Driver | undefined, deletionCause: DeletionCause | null): void
  gone(driver: Driver, deletionCause: DeletionCause | null): void
}

/** A driver that becomes Ready after this time does not count as a successor. */
const forgottenAfterMs = 24 * 3_600_000
/** Applications whose successor is awaited. The oldest is forgotten first. */
const maxAwaited = 10_000

export function createTerminationTracker(
  metrics: Pick<ControllerMetrics, 'recordTermination' | 'recordRecovery'>,
  nowMs: () => number,
  /** Whether a driver counts. Names of other drivers are not remembered. */
  isCounted: (driver: Driver) => boolean = () => true,
): TerminationTracker {
  /** When the last driver of each application ended. */
  const lastEndMs = new Map<string, number>()
  /** When the sidecar exited, by pod whose containers are being restarted. The restarted pod no longer shows this time. */
  const restarting = new Map<string, number | null>()

  const recordTermination = (driver: Driver, { cause, atMs }: Termination) => {
    metrics.recordTermination(driver.namespace, driver.application, cause)
    if (isFinal(cause)) return
    const key = applicationKey(driver)
    lastEndMs.delete(key)
    lastEndMs.set(key, atMs ?? nowMs())
    for (const [other, endMs] of lastEndMs) {
      if (nowMs() - endMs < forgottenAfterMs && lastEndMs.size <= maxAwaited) break
      lastEndMs.delete(other)
    }
  }
  const recordRecovery = (driver: Driver) => {
    const endMs = lastEndMs.get(applicationKey(driver))
    if (endMs === undefined || !driver.ready || driver.readySinceMs === null || driver.readySinceMs < endMs) return
    metrics.recordRecovery((driver.readySinceMs - endMs) / 1000)
    lastEndMs.delete(applicationKey(driver))
  }
  return {
    changed: (driver, before, deletionCause) => {
      if (!isCounted(driver)) return
      // After a restart in place the sidecar may still show its request for it, although the driver is now stuck.
      const endedForHang =
        deletionCause !== 'stuck' && (deletionCause === 'hung' || restarting.has(driver.uid) || requestsRestart(driver))
      const termination = before === undefined ? undefined : findTermination(before, driver, endedForHang)
      if (termination !== undefined) {
        recordTermination(driver, { ...termination, atMs: termination.atMs ?? restarting.get(driver.uid) ?? null })
        restarting.delete(driver.uid)
      }
      const { state } = driver.sidecar ?? {}
      if (termination === undefined && state?.kind === 'ended' && requestsRestart(driver)) {
        restarting.set(driver.uid, state.finishedMs)
      }
      recordRecovery(driver)
    },
    gone: (driver, deletionCause) => {
      restarting.delete(driver.uid)
      if (!isCounted(driver)) return
      const termination = classifyDeletedPod(driver, deletionCause)
      if (termination !== undefined) recordTermination(driver, termination)
    },
  }
}

const isFinal = (cause: TerminationCause) => cause === 'completed'
