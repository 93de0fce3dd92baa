import type { SettingValues } from '../settings/settings.ts'
import type { Deadlines } from './verdict.ts'

/** The settings on which a verdict depends, for the sidecar and for the controller. */
export function toDeadlines(values: SettingValues): Deadlines {
  return {
    timeoutMs: values.timeout,
    failureThreshold: values['failure-threshold'],
    frozenDeadlineMs: values['frozen-deadline'],
    unresponsiveDeadlineMs: values['unresponsive-deadline'],
    busyDeadlineMs: values['busy-deadline'],
    startupDeadlineMs: values['startup-deadline'],
    stopDeadlineMs: values['stop-deadline'],
    threadDumpIntervalMs: values['thread-dump-interval'],
    queryEndedDeadlineMs: values['query-ended-deadline'],
    streamingStallDeadlineMs: values['streaming-stall-deadline'],
    noExecutorsDeadlineMs: values['no-executors-deadline'],
    stallDeadlineMs: values['stall-deadline'],
    maxRunTimeMs: values['max-run-time'],
  }
}
