const afterQuote = /[\s,;:)\]}>&|.\\"'`/?!#]/
const closers: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' }

export const isQuote = (sign: string): boolean => sign === '"' || sign === "'" || sign === '`'

const opensList = (sign: string) => Object.hasOwn(closers, sign)

/** The bracket that closes `bracket`. Undefined if `bracket` does not open a list. */
export const findCloser = (bracket: string): string | undefined => closers[bracket]

/** Whether a quote or bracket at this position can end a value: only the end of the line or punctuation follows. */
export const endsValue = (line: string, at: number): boolean =>
  at + 1 >= line.length || afterQuote.test(line[at + 1] ?? '')

/** A quote or bracket that is open, and its position. A sign may contain the backslashes that escape a quote. */
export interface OpenDelimiter {
  readonly sign: string
  readonly at: number
}

/**
 * Tracks the open quotes and brackets at a position of a line. Moves forward only, so that each line is read once.
 */
export class OpenDelimiters {
  readonly #line: string
  readonly #open: OpenDelimiter[] = []
  #at = 0
  #slashes = 0

  constructor(line: string) {
    this.#line = line
  }

  /** Returns the innermost open sign before a position. Positions must not decrease. */
  before(place: number): OpenDelimiter | undefined {
    for (; this.#at < place; this.#at += 1) this.#take(this.#line[this.#at] ?? '', this.#at)
    return this.#open.at(-1)
  }

  /** Reads up to `from` and continues at `to`. */
  skip(from: number, to: number): void {
    this.before(from)
    this.#at = Math.max(this.#at, to)
  }

  #take(sign: string, at: number): void {
    if (sign === '\\') this.#slashes += 1
    else if (isQuote(sign)) this.#quote(sign, at)
    else if (opensList(sign)) this.#open.push({ sign, at })
    else if (closers[this.#open.at(-1)?.sign ?? ''] === sign) this.#open.pop()
    if (sign !== '\\') this.#slashes = 0
    // Text with deeper nesting is not a list of settings.
    if (this.#open.length > 64) this.#open.length = 0
  }

  /** Opens or closes a quote. An escaped quote differs from the quote that encloses it. */
  #quote(quote: string, at: number): void {
    const escaped = '\\'.repeat(this.#slashes) + quote
    const sign = this.#isOpen(escaped) || this.#slashes % 2 === 1 ? escaped : quote
    const opened = this.#open.findLastIndex((one) => one.sign === sign)
    if (opened >= 0) this.#open.length = opened
    // An apostrophe within a word is not a quote.
    else if (quote === '"' || !/\w/.test(this.#line[at - 1] ?? '')) this.#open.push({ sign, at })
  }

  #isOpen(sign: string): boolean {
    return this.#open.some((one) => one.sign === sign)
  }
}
