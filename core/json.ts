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

/** The value of a JSON text; undefined if the text is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/**
 * A JSON value as text: a string as it is, anything else as JSON. `String(value)` would throw for
 * `{"toString": null}`, which any client may send.
 */
export function toText(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value))
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
