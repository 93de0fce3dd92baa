import { formatDuration } from '../../core/duration.ts'

/** The clock of this process, and the clock of the API server (its `Date` header), which verifies certificates. */
export interface Clocks {
  readonly processMs: number
  /** Null if the API server has not sent a date yet. */
  readonly serverMs: number | null
}

/** Clocks that differ by more than this are not trusted. */
const maxDifferenceMs = 5 * 60_000

export const clocksAgree = ({ processMs, serverMs }: Clocks): boolean =>
  serverMs === null || Math.abs(processMs - serverMs) <= maxDifferenceMs

/** Whether a time is past by both clocks: one clock that is a year ahead must not cause a valid certificate to be replaced. */
export const isPastByBothClocks = ({ processMs, serverMs }: Clocks, atMs: number): boolean =>
  processMs >= atMs && (serverMs === null || serverMs >= atMs)

/** Whether a time is in the future by both clocks. */
export const isAheadOfBothClocks = ({ processMs, serverMs }: Clocks, atMs: number): boolean =>
  processMs < atMs && (serverMs === null || serverMs < atMs)

/** The time for dating certificates and judging expiry: the API server's if the clocks disagree, because it verifies them. */
export const computeReferenceMs = (clocks: Clocks): number =>
  clocksAgree(clocks) || clocks.serverMs === null ? clocks.processMs : clocks.serverMs

/** Describes the difference for a log line, in steps of five minutes, so that the text rarely changes. */
export function describeDifference({ processMs, serverMs }: Clocks): string {
  const aheadMs = processMs - (serverMs ?? processMs)
  const about = formatDuration(Math.round(Math.abs(aheadMs) / maxDifferenceMs) * maxDifferenceMs)
  const how = aheadMs > 0 ? 'ahead of' : 'behind'
  return `the clock of spark-nanny is about ${about} ${how} the API server’s; certificates are renewed only when due by both`
}
