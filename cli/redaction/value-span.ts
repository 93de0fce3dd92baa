/** The position of a secret in a line, from `start` (inclusive) to `end` (exclusive). */
export interface Span {
  readonly start: number
  readonly end: number
}

/** A value. `openQuote` is set if its quote is not closed on this line, so that the value continues on the next line. */
export interface ValueSpan extends Span {
  readonly openQuote: string | null
}
