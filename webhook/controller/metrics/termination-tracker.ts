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
  /** `deletedBySparkNanny` says that the controller deleted the pod because its driver hung or was stuck. */
  changed(driver: Driver, before: Driver | undefined, deletedBySparkNanny: boolean): void
  gone(driver: Driver, deletedBySparkNanny: boolean): void
}

/** A driver that becomes Ready after this time does not count as a successor. */
const forgottenAfterMs = 24 * 3_600_000

export function createTerminationTracker(
  metrics: Pick<ControllerMetrics, 'recordTermination' | 'recordRecovery'>,
  nowMs: () => number,
): TerminationTracker {
  /** When the last driver of an application ended. */
  const ends = new Map<string, number>()
  /** When the sidecar exited, by pod whose containers are being restarted. The restarted pod no longer shows this time. */
  const restarting = new Map<string, number | null>()

  const recordTermination = (driver: Driver, { cause, atMs }: Termination) => {
    metrics.recordTermination(driver.namespace, driver.application, cause)
    if (isFinal(cause)) return
    const key = applicationKey(driver)
    ends.delete(key)
    ends.set(key, atMs ?? nowMs())
    for (const [other, endMs] of ends) {
      if (nowMs() - endMs < forgottenAfterMs) break
      ends.delete(other)
    }
  }
  return {
    changed: (driver, before, deletedBySparkNanny) => {
      const hung = deletedBySparkNanny || restarting.has(driver.uid) || requestsRestart(driver)
      const termination = before === undefined ? undefined : findTermination(before, driver, hung)
      if (termination !== undefined) {
        recordTermination(driver, { ...termination, atMs: termination.atMs ?? restarting.get(driver.uid) ?? null })
        restarting.delete(driver.uid)
      }
      const { state } = driver.sidecar ?? {}
      if (termination === undefined && state?.kind === 'ended' && requestsRestart(driver)) {
        restarting.set(driver.uid, state.finishedMs)
      }
      const endMs = ends.get(applicationKey(driver))
      if (endMs === undefined || !driver.ready || driver.readySinceMs === null || driver.readySinceMs < endMs) return
      metrics.recordRecovery((driver.readySinceMs - endMs) / 1000)
      ends.delete(applicationKey(driver))
    },
    gone: (driver, deletedBySparkNanny) => {
      restarting.delete(driver.uid)
      const termination = classifyDeletedPod(driver, deletedBySparkNanny)
      if (termination !== undefined) recordTermination(driver, termination)
    },
  }
}

const isFinal = (cause: TerminationCause) => cause === 'completed'
