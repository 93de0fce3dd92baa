/** A time during which every reading has shown the same. */
export interface ReadingSpan {
  readonly sinceMs: number
  /** When the newest of these readings was made. */
  readonly seenMs: number
  readonly readings: number
}

/** A reading this old no longer says what is true now. */
export const staleMs = 300_000

/** The span with one more reading. A gap longer than `longestGapMs` begins a new span. */
export function extendSpan(span: ReadingSpan | null, nowMs: number, longestGapMs = staleMs): ReadingSpan {
  if (span === null || nowMs - span.seenMs > longestGapMs) return { sinceMs: nowMs, seenMs: nowMs, readings: 1 }
  return { sinceMs: span.sinceMs, seenMs: nowMs, readings: span.readings + 1 }
}

/** Whether the readings cover `durationMs`, and are new enough to be true now. */
export function covers(span: ReadingSpan | null, durationMs: number, nowMs: number): span is ReadingSpan {
  return span !== null && span.seenMs - span.sinceMs >= durationMs && nowMs - span.seenMs <= staleMs
}
