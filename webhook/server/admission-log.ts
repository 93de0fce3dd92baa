import type { AdmissionDecision } from '../../admission/decide.ts'
import { cutText } from '../../core/json.ts'
import type { Log } from '../../core/log.ts'
import type { Metrics } from './metrics.ts'

/** The record of one admission. It keeps no reference to the request. */
export interface AdmissionRecord {
  readonly decision: Pick<AdmissionDecision, 'kind' | 'reason' | 'warnings' | 'problems'>
  readonly kind: string
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly dryRun: boolean
  readonly tookMs: number
  readonly detail?: string
  readonly onHung?: string
  readonly error?: unknown
}

export interface AdmissionRecorder {
  record(record: AdmissionRecord): void
  /** Writes all pending records now. */
  flush(): void
}

/**
 * Records admissions in the log and in the metrics, many at a time and after the responses. Recording each one immediately
 * would take a tenth of the time of a request. `later` calls its argument after a short delay.
 */
export function createAdmissionRecorder(
  metrics: Metrics,
  log: Log,
  later: (flush: () => void) => void,
): AdmissionRecorder {
  let pending: AdmissionRecord[] = []
  const flush = () => {
    const records = pending
    pending = []
    for (const record of records) {
      try {
        publishRecord(record, metrics, log)
      } catch (error) {
        // A bug about one record must not lose the others.
        log.error({ event: 'admission-unrecorded', err: error })
      }
    }
  }
  return {
    record: (record) => {
      pending.push(record)
      if (pending.length === 1) later(flush)
    },
    flush,
  }
}

/** The longest name of the Kubernetes API. What any client sends may be longer, and a line of the log must not be. */
const maxNameLength = 253
const maxTextLength = 500

function publishRecord(record: AdmissionRecord, metrics: Metrics, log: Log): void {
  const { decision, kind, namespace, name, uid, dryRun, tookMs, detail, onHung, error } = record
  metrics.countAdmission(decision, kind, tookMs / 1000)
  const line = {
    event: 'admission',
    reason: decision.reason,
    kind: cutText(kind, maxNameLength),
    namespace: cutText(namespace, maxNameLength),
    name: cutText(name, maxNameLength),
    uid,
    tookMs: Math.round(tookMs * 1000) / 1000,
    ...(dryRun && { dryRun }),
    ...(onHung !== undefined && { onHung }),
    ...(detail !== undefined && detail !== '' && { detail: cutText(detail, maxTextLength) }),
    ...(decision.warnings.length > 0 && { warnings: decision.warnings.map((text) => cutText(text, maxTextLength)) }),
  }
  if (error !== undefined) log.error({ ...line, err: error })
  else if (decision.kind === 'skip' && decision.warnings.length === 0) log.debug(line)
  else log.info(line)
}

/** Within a minute. The next line says how many were left out. */
const maxMalformedLines = 20

/**
 * Records requests that are no reviews, which any client can send: all of them in the metrics, but only some in the log, each
 * with the beginning of its problem.
 */
export function createMalformedRequestRecorder(
  metrics: Pick<Metrics, 'countMalformedRequest'>,
  log: Pick<Log, 'warn'>,
  nowMs: () => number,
): (status: number, detail: string) => void {
  let minuteEndMs = Number.NEGATIVE_INFINITY
  let lines = 0
  let omitted = 0
  return (status, detail) => {
    metrics.countMalformedRequest(status)
    if (nowMs() >= minuteEndMs) {
      minuteEndMs = nowMs() + 60_000
      lines = 0
    }
    lines += 1
    if (lines > maxMalformedLines) {
      omitted += 1
      return
    }
    const counted = omitted === 0 ? {} : { omitted }
    log.warn({ event: 'malformed-request', status, detail: cutText(detail, maxTextLength), ...counted })
    omitted = 0
  }
}
