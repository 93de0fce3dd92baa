import type { SettingValues } from './settings.ts'

/**
 * What a verdict depends on: the fields of the policy, each with its setting and whether that can be `off`, which is null. The
 * sidecar has only the policy, and does not load the settings.
 */
export const deadlineFields = {
  timeoutMs: { setting: 'timeout', canBeOff: false },
  failureThreshold: { setting: 'failure-threshold', canBeOff: false },
  frozenDeadlineMs: { setting: 'frozen-deadline', canBeOff: false },
  unresponsiveDeadlineMs: { setting: 'unresponsive-deadline', canBeOff: false },
  busyDeadlineMs: { setting: 'busy-deadline', canBeOff: false },
  startupDeadlineMs: { setting: 'startup-deadline', canBeOff: false },
  stopDeadlineMs: { setting: 'stop-deadline', canBeOff: false },
  threadDumpIntervalMs: { setting: 'thread-dump-interval', canBeOff: false },
  queryEndedDeadlineMs: { setting: 'query-ended-deadline', canBeOff: true },
  streamingStallDeadlineMs: { setting: 'streaming-stall-deadline', canBeOff: true },
  noExecutorsDeadlineMs: { setting: 'no-executors-deadline', canBeOff: true },
  stallDeadlineMs: { setting: 'stall-deadline', canBeOff: true },
  maxRunTimeMs: { setting: 'max-run-time', canBeOff: true },
} as const satisfies Record<string, { readonly setting: keyof SettingValues; readonly canBeOff: boolean }>

export type DeadlineField = keyof typeof deadlineFields
/** Times in milliseconds, and the number of failed polls. */
export type Deadlines = {
  readonly [Field in DeadlineField]: SettingValues[(typeof deadlineFields)[Field]['setting']]
}

export const deadlineNames = Object.keys(deadlineFields) as readonly DeadlineField[]

/** The settings on which a verdict depends, for the sidecar and for the controller. */
export function toDeadlines(values: SettingValues): Deadlines {
  const entries = deadlineNames.map((field) => [field, values[deadlineFields[field].setting]] as const)
  return Object.fromEntries(entries) as Deadlines
}
