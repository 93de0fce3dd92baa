import { endsValue, findCloser, isQuote } from './delimiters.ts'
import type { ValueSpan } from './value-span.ts'

const blank = /\s/

/** Returns the unquoted value that begins at `at`, up to a space or the end of the enclosing quote. */
export function findBareValue(line: string, at: number, enclosing: { readonly sign: string } | undefined): ValueSpan {
  const sign = enclosing?.sign.slice(-1) ?? ''
  const quote = isQuote(sign) ? sign : null
  let end = at
  while (end < line.length && !blank.test(line[end] ?? '') && !(line[end] === quote && endsValue(line, end))) end += 1
  if (quote !== null && line[end] === quote) while (end > at && line[end - 1] === '\\') end -= 1
  return trimClosers(line, at, end)
}

/** Returns the value of a list entry (`{user=a, password=b c, host=d}`), up to the next entry or the end of the list. */
export function findEntryValue(line: string, at: number, bracket: string): ValueSpan {
  const next = /[,;]\s?[A-Za-z_][\w.-]{0,100}["']?\s?(?:=|:\s|->)/y
  const closer = findCloser(bracket)
  let end = at
  for (; end < line.length; end += 1) {
    const sign = line[end]
    if (sign === closer && endsValue(line, end)) break
    if (sign !== ',' && sign !== ';') continue
    next.lastIndex = end
    if (next.test(line)) break
  }
  return { start: at, end, openQuote: null }
}

/** Returns the value up to the end of the line, without trailing spaces. */
export function findValueToEnd(line: string, at: number): ValueSpan {
  return { start: at, end: at + line.slice(at).trimEnd().length, openQuote: null }
}

/** Removes punctuation that ends the surrounding sentence or list. */
function trimClosers(line: string, start: number, end: number): ValueSpan {
  let last = end
  while (last - start > 1 && end - last < 2 && /[,;)\]}]/.test(line[last - 1] ?? '')) last -= 1
  return { start, end: last, openQuote: null }
}
