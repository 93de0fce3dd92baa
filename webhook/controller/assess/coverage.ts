import type { ResolvedSettings } from '../../../core/settings/settings.ts'
import { type Driver, isRunning } from '../driver/driver.ts'
import { checkSidecarCrashLoop } from './sidecar-crash-loop.ts'

/** Whether a spark-nanny sidecar monitors a driver, and if not, why. */
export type Coverage =
  | { readonly kind: 'protected' }
  | { readonly kind: 'opted-out' }
  | { readonly kind: 'unprotected'; readonly reason: UnprotectedReason }
  /** The driver's operator bears no sidecar, so that the controller judges the driver by its Spark UI. */
  | { readonly kind: 'judged-from-outside' }
  /** The driver does not run yet, or no longer runs. */
  | { readonly kind: 'not-running' }

/**
 * skipped: the webhook had a reason not to inject the sidecar. sidecar-bypassed: the sidecar could not start, and its
 * image was replaced. sidecar-crash-loop: the sidecar ran, exited, and does not come back.
 */
export type UnprotectedReason = 'not-injected' | 'skipped' | 'sidecar-bypassed' | 'sidecar-crash-loop'

export interface CoverageContext {
  /** Whether the controller polls the UIs of drivers without a sidecar (SPARK_NANNY_FALLBACK is not `off`). */
  readonly pollsUis?: boolean
  /** Whether the application that the driver names is known. */
  readonly applicationExists?: boolean
}

export function computeCoverage(
  driver: Driver,
  settings: Pick<ResolvedSettings, 'values'>,
  nativeSidecars: boolean,
  nowMs: number,
  context: CoverageContext = {},
): Coverage {
  if (!settings.values.inject) return { kind: 'opted-out' }
  if (!isRunning(driver)) return { kind: 'not-running' }
  if (driver.sidecar !== null) {
    if (driver.sidecar.bypass !== null) return { kind: 'unprotected', reason: 'sidecar-bypassed' }
    return checkSidecarCrashLoop(driver, nowMs).isDown
      ? { kind: 'unprotected', reason: 'sidecar-crash-loop' }
      : { kind: 'protected' }
  }
  if (driver.obstacle === 'owned-by-apache-operator') return coverOfApache(driver, settings, context)
  const skipped = driver.obstacle !== null || !nativeSidecars
  return { kind: 'unprotected', reason: skipped ? 'skipped' : 'not-injected' }
}

function coverOfApache(
  driver: Driver,
  { values }: Pick<ResolvedSettings, 'values'>,
  { pollsUis = true, applicationExists = true }: CoverageContext,
): Coverage {
  const isOwned = applicationExists || hasOwnerReference(driver)
  if (values['apache-sidecar'] || !isOwned) return { kind: 'unprotected', reason: 'not-injected' }
  return pollsUis ? { kind: 'judged-from-outside' } : { kind: 'unprotected', reason: 'skipped' }
}

/** If not, only a label names the application. The webhook ignores the label of an application that does not exist. */
const hasOwnerReference = ({ owner }: Driver) => owner?.uid !== undefined && owner.uid !== null
