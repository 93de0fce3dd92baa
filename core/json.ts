/** Readers of JSON values from outside. None of them throws for any value. */

/** Whether a value is a JSON object. Arrays are not. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The value if it is a JSON object, else an empty object. */
export function toRecord(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {}
}

/** The JSON objects of an array, without its other items; empty if the value is not an array. */
export function toRecords(value: unknown): readonly Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isRecord) : []
}

/** The value if it is an array, else an empty one. */
export function toList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** The value if it is a string, else the empty string. */
export function toStringOrEmpty(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** The members of a JSON object as texts, by {@link toText}; empty if the value is not an object. */
export function toTexts(value: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(toRecord(value)).map(([key, item]) => [key, toText(item)]))
}

/** Milliseconds since the epoch of a time as Kubernetes writes it; null if the value is not such a time. */
export function parseTimeMs(value: unknown): number | null {
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN
  return Number.isNaN(ms) ? null : ms
}

/**
 * The value of a JSON text; undefined if the text is not JSON, or more complex than `bounds`. By default they only exclude what
 * is nested deeper than any object of a cluster: the time to parse it would grow with the square of its depth.
 */
export function parseJson(text: string, bounds: JsonBounds = apiBounds): unknown {
  if (!isWithinBounds(text, bounds)) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** How complex a JSON text may be. Both bound the time of `JSON.parse`, which the length of the text does not. */
export interface JsonBounds {
  /** How many lists and objects may contain each other. */
  readonly depth: number
  /** How many strings, commas and opening brackets there may be. 20,000 take 50 ms at most: 1,500 keys take 10 ms if no two are equal. */
  readonly tokens: number
}

/**
 * An API server reads 10,000 levels itself (maxNestingDepth of Go's encoding/json). A list, an event of a watch and an
 * admission review add a few levels to those of an object.
 */
const apiBounds: JsonBounds = { depth: 10_100, tokens: Number.POSITIVE_INFINITY }

/** A text of so many characters is parsed within 20 ms, whatever it contains. */
const alwaysParsedLength = 32 * 1024

/**
 * Whether a JSON text is within the bounds. Text that is not JSON may be too. It takes 1.5 ns a character, so that usual texts
 * are not looked at: up to 32 KiB are always within the bounds.
 */
export function isWithinBounds(text: string, bounds: JsonBounds): boolean {
  if (text.length <= alwaysParsedLength) return true
  let depth = 0
  let tokens = 0
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case codes.quote:
        at = findStringEnd(text, at)
        tokens += 1
        break
      case codes.openList:
      case codes.openObject:
        depth += 1
        tokens += 1
        break
      case codes.closeList:
      case codes.closeObject:
        depth -= 1
        break
      case codes.comma:
        tokens += 1
    }
    if (depth > bounds.depth || tokens > bounds.tokens) return false
  }
  return true
}

const codes = {
  quote: 0x22,
  comma: 0x2c,
  openList: 0x5b,
  backslash: 0x5c,
  closeList: 0x5d,
  openObject: 0x7b,
  closeObject: 0x7d,
} as const

/** The index of the quote that ends the string which starts at `start`, or the length of the text. */
function findStringEnd(text: string, start: number): number {
  let at = start + 1
  while (at < text.length) {
    const code = text.charCodeAt(at)
    if (code === codes.quote) return at
    at += code === codes.backslash ? 2 : 1
  }
  return text.length
}

/**
 * A JSON value as text: a string as it is, anything else as {@link showValue} shows it. `String(value)` would throw for
 * `{"toString": null}`, and `JSON.stringify` for a value that is nested deeply; any client may send both.
 */
export function toText(value: unknown): string {
  return typeof value === 'string' ? value : showValue(value)
}

/** Lists and objects within more than this many others are only shown as such. */
const maxShownDepth = 8

/**
 * A value as JSON for a person, cut to `maxLength` characters. The time to write it is bounded by the length of the result,
 * apart from the time to list the keys of an object. No method of the value is called, not even `toJSON`.
 */
export function showValue(value: unknown, maxLength = 256): string {
  return cutText(writeValue(value, maxLength, 0), maxLength)
}

/** The text if it is not longer than `maxLength`, else its beginning, which ends with `…`. */
export function cutText(text: string, maxLength: number): string {
  return text.length <= maxLength ? text : `${text.slice(0, Math.max(0, maxLength - 1))}…`
}

/** Writes little more than `room` characters. */
function writeValue(value: unknown, room: number, depth: number): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, room + 1))
  if (typeof value !== 'object' || value === null) return String(value)
  const isList = Array.isArray(value)
  const [start, end] = isList ? '[]' : '{}'
  if (depth >= maxShownDepth) return `${start}…${end}`
  let text = ''
  for (const item of isList ? listItems(value) : listMembers(value)) {
    const left = room - text.length
    if (left <= 0) return `${start}${text}`
    const key = item.key === null ? '' : `${JSON.stringify(item.key.slice(0, left))}:`
    text += `${text === '' ? '' : ','}${key}${writeValue(item.value, left, depth + 1)}`
  }
  return `${start}${text}${end}`
}

interface ShownItem {
  /** Null in a list. */
  readonly key: string | null
  readonly value: unknown
}

function* listItems(list: readonly unknown[]): Generator<ShownItem> {
  for (const value of list) yield { key: null, value }
}

function* listMembers(object: object): Generator<ShownItem> {
  for (const key in object) if (Object.hasOwn(object, key)) yield { key, value: Reflect.get(object, key) }
}

/**
 * Whether lists and objects of a JSON value contain each other more than `maxDepth` times. Code that walks a value calls
 * itself for each level, so that a deeper one could exhaust the stack. This function does not.
 */
export function isDeeperThan(value: unknown, maxDepth: number): boolean {
  const isNested = (item: unknown): item is object => typeof item === 'object' && item !== null
  let level = [value].filter(isNested)
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth === maxDepth) return true
    level = level.flatMap((item) => Object.values(item).filter(isNested))
  }
  return false
}

/** The field of a JSON object if it is a text with at least one character, else null. */
export const textField = (object: unknown, field: string): string | null =>
  toStringOrEmpty(toRecord(object)[field]) || null

/** The field of a JSON object if it is a number, else null. */
export function numberField(object: unknown, field: string): number | null {
  const value = toRecord(object)[field]
  return typeof value === 'number' && Number.isFinite(value) ? value : null
}

/** The field of a JSON object as a time, by {@link parseTimeMs}. */
export const timeField = (object: unknown, field: string): number | null => parseTimeMs(toRecord(object)[field])

/** The JSON objects in the field of a JSON object, by {@link toRecords}. */
export const listField = (object: unknown, field: string): readonly Record<string, unknown>[] =>
  toRecords(toRecord(object)[field])

/** The members of the field of a JSON object, by {@link toTexts}. */
export const stringsField = (object: unknown, field: string): Readonly<Record<string, string>> =>
  toTexts(toRecord(object)[field])

/** The items of a Kubernetes List or of an array. */
export const parseItems = (object: unknown): readonly Record<string, unknown>[] =>
  Array.isArray(object) ? toRecords(object) : listField(object, 'items')
