import { formatDuration } from '../../core/duration.ts'

/** The clock of this process, and the clock of the API server (its `Date` header), which verifies certificates. */
export interface Clocks {
  readonly ownMs: number
  /** Null if the API server has not sent a date yet. */
  readonly serverMs: number | null
}

/** Clocks that differ by more than this are not trusted. */
export const maxDifferenceMs = 5 * 60_000

export const clocksAgree = ({ ownMs, serverMs }: Clocks): boolean =>
  serverMs === null || Math.abs(ownMs - serverMs) <= maxDifferenceMs

/** Whether a time is past by both clocks: one clock that is a year ahead must not cause a valid certificate to be replaced. */
export const isPastByBothClocks = ({ ownMs, serverMs }: Clocks, atMs: number): boolean =>
  ownMs >= atMs && (serverMs === null || serverMs >= atMs)

/** Whether a time is in the future by both clocks. */
export const isAheadOfBothClocks = ({ ownMs, serverMs }: Clocks, atMs: number): boolean =>
  ownMs < atMs && (serverMs === null || serverMs < atMs)

/** The time for dating certificates and judging expiry: the API server's if the clocks disagree, because it verifies them. */
export const computeReferenceMs = (clocks: Clocks): number =>
  clocksAgree(clocks) || clocks.serverMs === null ? clocks.ownMs : clocks.serverMs

/** Describes the difference for a log line, in steps of five minutes, so that the text rarely changes. */
export function describeDifference({ ownMs, serverMs }: Clocks): string {
  const aheadMs = ownMs - (serverMs ?? ownMs)
  const about = formatDuration(Math.round(Math.abs(aheadMs) / maxDifferenceMs) * maxDifferenceMs)
  const how = aheadMs > 0 ? 'ahead of' : 'behind'
  return `the clock of spark-nanny is about ${about} ${how} the API server’s; certificates are renewed only when due by both`
}
