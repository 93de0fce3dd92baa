import { createHash } from 'node:crypto'
import { toVisible } from '../core/visible-text.ts'

/** The object that an Event is about. */
export interface InvolvedObject {
  readonly apiVersion: string
  readonly kind: string
  readonly namespace: string
  readonly name: string
  readonly uid: string
}

/** The content of an Event, which `kubectl describe` shows. */
export interface EventContent {
  readonly type: 'Normal' | 'Warning'
  readonly reason: EventReason
  /** Published as one line: names and texts of a job must not forge others. */
  readonly message: string
  /** Distinguishes Events with the same reason about the same object. An Event with the same key is published once. */
  readonly dedupKey: string
}

export type EventReason =
  | 'SparkNannyUnprotected'
  | 'SparkNannyJudgedFromOutside'
  | 'SparkNannySidecarCrashLoop'
  | 'SparkNannyInvalidSetting'
  | 'SparkNannyStartupBlocked'
  | 'SparkNannyDriverHung'
  | 'SparkNannyDriverStuck'
  | 'SparkNannyPodDeleted'
  | 'SparkNannyDeletionBlocked'
  | 'SparkNannyDriverRestarted'
  | 'SparkNannyRecovery'

/** The API rejects longer messages (core/v1 Event validation). */
const maxMessageBytes = 1024

/**
 * A core/v1 Event. Its name depends only on its object, reason and key. While the API server keeps it, no other controller
 * can publish it again, and neither can this one after a restart.
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
    metadata: { name: `${truncateName(subject.name)}.${hash}`, namespace: subject.namespace },
    involvedObject: { ...subject },
    type: event.type,
    reason: event.reason,
    message: truncateMessage(toVisible(event.message)),
    source: { component: 'spark-nanny' },
    reportingComponent: 'spark-nanny.io/controller',
    reportingInstance: reporter,
    firstTimestamp: time,
    lastTimestamp: time,
    count: 1,
  }
}

/** The result is still a DNS subdomain: the API server requires that it ends in a letter or digit (RFC 1123). */
const truncateName = (name: string) => name.slice(0, 220).replace(/[-.]+$/, '')

function truncateMessage(message: string): string {
  if (Buffer.byteLength(message) <= maxMessageBytes) return message
  return `${Buffer.from(message)
    .subarray(0, maxMessageBytes - 3)
    .toString()
    .replace(/\uFFFD+$/, '')}…`
}
