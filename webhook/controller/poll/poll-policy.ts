import { toDeadlines } from '../../../core/settings/deadlines.ts'
import type { FallbackConfig } from '../../config/controller-config.ts'
import { recentlyStartedMs } from '../assess/deletion-reason.ts'
import type { DriverContext } from '../assess/driver-context.ts'
import type { Driver } from '../driver/driver.ts'
import type { PollPolicy } from './ui-poller.ts'

/** How the controller polls a driver's UI, and after which delay. Undefined if it does not poll the UI. */
export function planPolls(
  driver: Driver,
  {
    coverage,
    namespace,
    observed,
    isLegacyApp,
    settings,
  }: Pick<DriverContext, 'coverage' | 'namespace' | 'observed' | 'isLegacyApp' | 'settings'>,
  fallback: FallbackConfig,
  nowMs: number,
): { readonly policy: PollPolicy; readonly delayMs: number } | undefined {
  const { state } = driver.driver
  const isFromOutside = coverage.kind === 'judged-from-outside'
  if ((coverage.kind !== 'unprotected' && !isFromOutside) || state.kind !== 'running' || driver.podIp === null)
    return undefined
  if (!isLegacyApp && (fallback.mode === 'off' || namespace === undefined)) return undefined
  const { values } = settings
  // A pod that may not have a UI is not judged by one.
  if (observed === 'unproven' && !isLegacyApp && !values['assume-driver']) return undefined
  return {
    policy: {
      scheme: values['ui-scheme'],
      port: values['ui-port'] ?? driver.uiPort,
      intervalMs: fallback.intervalMs,
      ...toDeadlines(values),
      // From outside, a long garbage collection looks like any other silence.
      ...(isFromOutside && {
        unresponsiveDeadlineMs: Math.max(values['unresponsive-deadline'], values['busy-deadline']),
      }),
      timeoutMs: fallback.timeoutMs,
      failureThreshold: fallback.failureThreshold,
    },
    delayMs: Math.max(0, state.startedMs + recentlyStartedMs - nowMs),
  }
}
