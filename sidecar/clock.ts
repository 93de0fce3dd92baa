/** Time, as an edge: tests pass their own. */
export interface Clock {
  /** Milliseconds of a clock that never steps; its zero means nothing. */
  monotonicMs(): number
  /** Milliseconds since 1970, as the wall clock has it. */
  wallMs(): number
}

/** The clocks of the machine. */
export function createSystemClock(): Clock {
  return { monotonicMs: () => performance.now(), wallMs: () => Date.now() }
}

/** `2026-01-31T12:00:00Z` of a wall clock's milliseconds. */
export function formatIsoTime(wallMs: number): string {
  return new Date(wallMs).toISOString().replace(/\.\d{3}Z$/, 'Z')
}
