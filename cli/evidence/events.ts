import { numberField, parseItems, textField, timeField, toRecord } from '../../core/json.ts'

export interface KubernetesEvent {
  readonly type: string
  readonly reason: string
  readonly message: string
  readonly count: number
  readonly firstMs: number | null
  readonly lastMs: number | null
  /** The object that the Event is about, as `Kind/name`. */
  readonly object: string
  readonly uid: string | null
}

/** Parses a list of Events (v1 or events.k8s.io/v1), oldest first. */
export function parseEvents(list: unknown): readonly KubernetesEvent[] {
  return parseItems(list)
    .map(parseEvent)
    .toSorted((a, b) => (a.lastMs ?? 0) - (b.lastMs ?? 0))
}

function parseEvent(event: Record<string, unknown>): KubernetesEvent {
  const about = toRecord(event.involvedObject ?? event.regarding)
  const series = toRecord(event.series)
  const firstMs =
    timeField(event, 'firstTimestamp') ??
    timeField(event, 'eventTime') ??
    timeField(toRecord(event.metadata), 'creationTimestamp')
  return {
    type: textField(event, 'type') ?? 'Normal',
    reason: textField(event, 'reason') ?? '',
    message: textField(event, 'message') ?? textField(event, 'note') ?? '',
    count: numberField(event, 'count') ?? numberField(series, 'count') ?? 1,
    firstMs,
    lastMs: timeField(event, 'lastTimestamp') ?? timeField(series, 'lastObservedTime') ?? firstMs,
    object: `${textField(about, 'kind') ?? '?'}/${textField(about, 'name') ?? '?'}`,
    uid: textField(about, 'uid'),
  }
}
