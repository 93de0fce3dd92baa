import type { Driver } from '../driver/driver.ts'
import type { ControllerMetrics } from './metrics.ts'
import {
  classifyDeletedPod,
  findTermination,
  requestsRestart,
  type Termination,
  type TerminationCause,
} from './termination.ts'

/** Counts how drivers end and how long it takes until there is another, while this process leads. */
export interface TerminationTracker {
  /** `deletedByUs`: because it hung, or was stuck. */
  changed(driver: Driver, before: Driver | undefined, deletedByUs: boolean): void
  gone(driver: Driver, deletedByUs: boolean): void
}

/** Who comes back after a day is no successor any more. */
const forgottenAfterMs = 24 * 3_600_000

export function createTerminationTracker(
  metrics: Pick<ControllerMetrics, 'terminated' | 'recovered'>,
  nowMs: () => number,
): TerminationTracker {
  /** When the last driver of an application ended. */
  const ends = new Map<string, number>()
  /** When the sidecars ended of pods whose containers are being restarted: it is not shown any more when they are. */
  const restarting = new Map<string, number | null>()

  const ended = (driver: Driver, { cause, atMs }: Termination) => {
    metrics.terminated(driver.namespace, driver.application, cause)
    if (isFinal(cause)) return
    const key = keyOf(driver)
    ends.delete(key)
    ends.set(key, atMs ?? nowMs())
    for (const [other, endMs] of ends) {
      if (nowMs() - endMs < forgottenAfterMs) break
      ends.delete(other)
    }
  }
  return {
    changed: (driver, before, deletedByUs) => {
      const hung = deletedByUs || restarting.has(driver.uid) || requestsRestart(driver)
      const ending = before === undefined ? undefined : findTermination(before, driver, hung)
      if (ending !== undefined) {
        ended(driver, { ...ending, atMs: ending.atMs ?? restarting.get(driver.uid) ?? null })
        restarting.delete(driver.uid)
      }
      const { state } = driver.sidecar ?? {}
      if (ending === undefined && state?.kind === 'ended' && requestsRestart(driver)) {
        restarting.set(driver.uid, state.finishedMs)
      }
      const endMs = ends.get(keyOf(driver))
      if (endMs === undefined || !driver.ready || driver.readySinceMs === null || driver.readySinceMs < endMs) return
      metrics.recovered((driver.readySinceMs - endMs) / 1000)
      ends.delete(keyOf(driver))
    },
    gone: (driver, deletedByUs) => {
      restarting.delete(driver.uid)
      const ending = classifyDeletedPod(driver, deletedByUs)
      if (ending !== undefined) ended(driver, ending)
    },
  }
}

const keyOf = ({ namespace, application }: Driver) => `${namespace}/${application}`
const isFinal = (cause: TerminationCause) => cause === 'completed'
