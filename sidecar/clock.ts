/** The clocks of the sidecar. Tests inject their own. */
export interface Clock {
  /** Milliseconds of a clock that never steps. Its zero has no meaning. */
  monotonicMs(): number
  /** Milliseconds since 1970 by the wall clock, which may step. */
  wallMs(): number
}

/** The clocks of the machine. */
export function createSystemClock(): Clock {
  return { monotonicMs: () => performance.now(), wallMs: () => Date.now() }
}

/** Formats milliseconds since 1970 as `2026-01-31T12:00:00Z`. */
export function formatIsoTime(wallMs: number): string {
  return new Date(wallMs).toISOString().replace(/\.\d{3}Z$/, 'Z')
}
