import { createHash } from 'node:crypto'

/** What an Event is about. */
export interface InvolvedObject {
  readonly apiVersion: string
  readonly kind: string
  readonly namespace: string
  readonly name: string
  readonly uid: string
}

/** What `kubectl describe` shows. */
export interface EventContent {
  readonly type: 'Normal' | 'Warning'
  readonly reason: EventReason
  readonly message: string
  /** Tells apart what is told with the same reason of the same object; the same is told once. */
  readonly dedupKey: string
}

export type EventReason =
  | 'SparkNannyUnprotected'
  | 'SparkNannySidecarCrashLoop'
  | 'SparkNannyInvalidSetting'
  | 'SparkNannyStartupBlocked'
  | 'SparkNannyDriverStuck'
  | 'SparkNannyPodDeleted'
  | 'SparkNannyDeletionBlocked'
  | 'SparkNannyDriverRestarted'
  | 'SparkNannyRecovery'

/** The API takes no longer message (core/v1 Event validation). */
const maxMessageBytes = 1024

/**
 * A core/v1 Event. Its name follows from what it tells, so that a second controller, or this one after a restart, cannot
 * tell it again while it is kept.
 */
export function buildEvent(subject: InvolvedObject, event: EventContent, reporter: string, nowMs: number): object {
  const time = new Date(nowMs).toISOString().replace(/\.\d+Z$/, 'Z')
  const hash = createHash('sha256')
    .update(`${subject.uid} ${event.reason} ${event.dedupKey}`)
    .digest('hex')
    .slice(0, 16)
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `${beginningOf(subject.name)}.${hash}`, namespace: subject.namespace },
    involvedObject: { ...subject },
    type: event.type,
    reason: event.reason,
    message: shortened(event.message),
    source: { component: 'spark-nanny' },
    reportingComponent: 'spark-nanny.io/controller',
    reportingInstance: reporter,
    firstTimestamp: time,
    lastTimestamp: time,
    count: 1,
  }
}

/** A DNS subdomain as it was: each of its labels ends in a letter or digit (RFC 1123, as the API server checks names). */
const beginningOf = (name: string) => name.slice(0, 220).replace(/[-.]+$/, '')

function shortened(message: string): string {
  if (Buffer.byteLength(message) <= maxMessageBytes) return message
  return `${Buffer.from(message)
    .subarray(0, maxMessageBytes - 3)
    .toString()
    .replace(/\uFFFD+$/, '')}…`
}
