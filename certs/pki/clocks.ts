import { formatDuration } from '../../core/duration.ts'

/** Our own clock, and the one by which certificates are verified: the API server's (its `Date` header). */
export interface Clocks {
  readonly ownMs: number
  /** Null: it never said. */
  readonly serverMs: number | null
}

/** Clocks that differ by more are not to be believed. */
export const maxDifferenceMs = 5 * 60_000

export const clocksAgree = ({ ownMs, serverMs }: Clocks): boolean =>
  serverMs === null || Math.abs(ownMs - serverMs) <= maxDifferenceMs

/** By both clocks. A clock that is a year ahead, ours or the server's, must not have a good certificate replaced. */
export const isPastByBothClocks = ({ ownMs, serverMs }: Clocks, atMs: number): boolean =>
  ownMs >= atMs && (serverMs === null || serverMs >= atMs)

/** By both clocks. */
export const isAheadOfBothClocks = ({ ownMs, serverMs }: Clocks, atMs: number): boolean =>
  ownMs < atMs && (serverMs === null || serverMs < atMs)

/** What new certificates are dated by, and expiry is told by: the verifier's clock where ours is off. */
export const computeReferenceMs = (clocks: Clocks): number =>
  clocksAgree(clocks) || clocks.serverMs === null ? clocks.ownMs : clocks.serverMs

/** For a log line; in steps of five minutes, so that it does not change with each look. */
export function describeDifference({ ownMs, serverMs }: Clocks): string {
  const aheadMs = ownMs - (serverMs ?? ownMs)
  const about = formatDuration(Math.round(Math.abs(aheadMs) / maxDifferenceMs) * maxDifferenceMs)
  const how = aheadMs > 0 ? 'ahead of' : 'behind'
  return `our clock is about ${about} ${how} the API server’s; nothing is renewed that is not due by both`
}
