import { endsValue, isQuote } from './delimiters.ts'
import type { ValueSpan } from './value-span.ts'

/** Returns the quoted value that begins at `at`, or undefined. The quote may be escaped. */
export function findQuotedValue(line: string, at: number): ValueSpan | undefined {
  const opening = readOpeningQuote(line, at)
  if (opening === undefined) return undefined
  const { quote, level, start } = opening
  const end = findClosingQuote(line, opening)
  if (end !== undefined) return { start, end, openQuote: null }
  return { start, end: line.length, openQuote: level === 0 ? quote : null }
}

interface OpeningQuote {
  readonly quote: string
  /** Number of backslashes that escape the quote. */
  readonly level: number
  /** Position after the quote. */
  readonly start: number
}

function readOpeningQuote(line: string, at: number): OpeningQuote | undefined {
  let start = at
  while (line[start] === '\\') start += 1
  const quote = line[start] ?? ''
  return isQuote(quote) ? { quote, level: start - at, start: start + 1 } : undefined
}

/** Returns the end of the value, which is before the backslashes that escape its closing quote. */
function findClosingQuote(line: string, { quote, level, start }: OpeningQuote): number | undefined {
  let slashes = 0
  for (let index = start; index < line.length; index += 1) {
    const sign = line[index]
    const slashesBefore = slashes
    slashes = sign === '\\' ? slashes + 1 : 0
    // A quote inside the value is preceded by more backslashes than the closing quote.
    if (sign !== quote || slashesBefore % (2 * (level + 1)) !== level) continue
    const isDoubled = level === 0 && line[index + 1] === quote
    if (isDoubled) index += 1
    else if (endsValue(line, index)) return index - Math.min(slashesBefore, level)
  }
  return undefined
}

/** Returns the value up to the enclosing quote, including spaces. `sign` is the opening quote with its backslashes. */
export function findValueToQuote(line: string, at: number, sign: string): ValueSpan {
  const quote = sign.slice(-1)
  let end = at
  while (end < line.length && !(line[end] === quote && endsValue(line, end))) end += 1
  while (sign.length > 1 && end > at && line[end - 1] === '\\') end -= 1
  return { start: at, end, openQuote: null }
}
