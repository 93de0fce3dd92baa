/** The position of a secret in a line, from `start` (inclusive) to `end` (exclusive). */
export interface Span {
  readonly start: number
  readonly end: number
}

/** A value. `openQuote` is set if its quote is not closed on this line, so that the value continues on the next line. */
export interface ValueSpan extends Span {
  readonly openQuote: string | null
}

const blank = /\s/
const afterQuote = /[\s,;:)\]}>&|.\\"'`/?!#]/
const closers: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' }

/**
 * Tracks the open quotes and brackets at a position of a line. Moves forward only, so that each line is read once.
 */
export class OpenDelimiters {
  readonly #line: string
  readonly #open: { readonly sign: string; readonly at: number }[] = []
  #at = 0
  #slashes = 0

  constructor(line: string) {
    this.#line = line
  }

  /** Returns the innermost open sign before a position. Positions must not decrease. */
  before(place: number): { readonly sign: string; readonly at: number } | undefined {
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

const opensList = (sign: string) => sign === '(' || sign === '[' || sign === '{'
export const isQuote = (sign: string) => sign === '"' || sign === "'" || sign === '`'

const findQuote = (sign: string) => (isQuote(sign.slice(-1)) ? sign.slice(-1) : null)

/** Returns the quoted value that begins at `at`, or undefined. The quote may be escaped. */
export function findQuotedValue(line: string, at: number): ValueSpan | undefined {
  let start = at
  while (line[start] === '\\') start += 1
  const quote = line[start] ?? ''
  if (!isQuote(quote)) return undefined
  const level = start - at
  start += 1
  let slashes = 0
  for (let index = start; index < line.length; index += 1) {
    const sign = line[index]
    if (sign === '\\') {
      slashes += 1
      continue
    }
    // A quote inside the value is preceded by more backslashes than the closing quote.
    const closes = sign === quote && slashes % (2 * (level + 1)) === level
    const before = slashes
    slashes = 0
    if (!closes) continue
    if (level === 0 && line[index + 1] === quote) index += 1
    else if (index + 1 === line.length || afterQuote.test(line[index + 1] ?? '')) {
      return { start, end: index - Math.min(before, level), openQuote: null }
    }
  }
  return { start, end: line.length, openQuote: level === 0 ? quote : null }
}

/** Returns the unquoted value that begins at `at`, up to a space or the end of the enclosing quote. */
export function findBareValue(line: string, at: number, enclosing: { readonly sign: string } | undefined): ValueSpan {
  const quote = findQuote(enclosing?.sign ?? '')
  let end = at
  while (end < line.length && !blank.test(line[end] ?? '') && !(line[end] === quote && closesAt(line, end))) end += 1
  if (quote !== null && line[end] === quote) while (end > at && line[end - 1] === '\\') end -= 1
  return trimClosers(line, at, end)
}

/** Returns the value of a list entry (`{user=a, password=b c, host=d}`), up to the next entry or the end of the list. */
export function findEntryValue(line: string, at: number, bracket: string): ValueSpan {
  const next = /[,;]\s?[A-Za-z_][\w.-]{0,100}["']?\s?(?:=|:\s|->)/y
  const closer = closers[bracket]
  let end = at
  for (; end < line.length; end += 1) {
    const sign = line[end]
    if (sign === closer && (end + 1 === line.length || afterQuote.test(line[end + 1] ?? ''))) break
    if (sign !== ',' && sign !== ';') continue
    next.lastIndex = end
    if (next.test(line)) break
  }
  return { start: at, end, openQuote: null }
}

/** Returns the value up to the enclosing quote, including spaces. */
export function findValueToQuote(line: string, at: number, sign: string): ValueSpan {
  const quote = findQuote(sign)
  let end = at
  while (end < line.length && !(line[end] === quote && closesAt(line, end))) end += 1
  while (sign.length > 1 && end > at && line[end - 1] === '\\') end -= 1
  return { start: at, end, openQuote: null }
}

export function findValueToEnd(line: string, at: number): ValueSpan {
  return { start: at, end: at + line.slice(at).trimEnd().length, openQuote: null }
}

const closesAt = (line: string, at: number) => at + 1 >= line.length || afterQuote.test(line[at + 1] ?? '')

/** Removes punctuation that ends the surrounding sentence or list. */
function trimClosers(line: string, start: number, end: number): ValueSpan {
  let last = end
  while (last - start > 1 && end - last < 2 && /[,;)\]}]/.test(line[last - 1] ?? '')) last -= 1
  return { start, end: last, openQuote: null }
}
