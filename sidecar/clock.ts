/** The clocks of the sidecar. Tests inject their own. */
export interface Clock {
  /** Milliseconds of a clock that never steps. Its zero has no meaning. */
  monotonicMs(): number
  /** Milliseconds since 1970 by the wall clock, which may step. */
  wallMs(): number
}

/** One moment by two clocks: active time, which stands still while the sidecar does not run, and the wall clock. */
export interface Moment {
  readonly nowMs: number
  readonly wallMs: number
}

/** The clocks of the machine. */
export function createSystemClock(): Clock {
  return { monotonicMs: () => performance.now(), wallMs: () => Date.now() }
}

/** The wall clock at `activeMs` of the active clock, if the sidecar has run without a pause since. */
export function toWallMs(activeMs: number, { nowMs, wallMs }: Moment): number {
  return wallMs - (nowMs - activeMs)
}

/** The active clock at `wallMs` of the wall clock, if the sidecar has run without a pause since. */
export function toActiveMs(wallMs: number, now: Moment): number {
  return now.nowMs - (now.wallMs - wallMs)
}

/** Formats milliseconds since 1970 as `2026-01-31T12:00:00Z`. */
export function formatIsoTime(wallMs: number): string {
  return new Date(wallMs).toISOString().replace(/\.\d{3}Z$/, 'Z')
}
