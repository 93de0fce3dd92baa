import { isRecord, toRecord, toText } from '../../core/json.ts'

/** Reads fields of parsed JSON objects. A field of another type counts as missing. */

export const textField = (object: unknown, field: string): string | null => {
  const value = toRecord(object)[field]
  return typeof value === 'string' && value !== '' ? value : null
}

export const numberField = (object: unknown, field: string): number | null => {
  const value = toRecord(object)[field]
  return typeof value === 'number' && Number.isFinite(value) ? value : null
}

export const timeField = (object: unknown, field: string): number | null => {
  const ms = Date.parse(textField(object, field) ?? '')
  return Number.isNaN(ms) ? null : ms
}

export const listField = (object: unknown, field: string): readonly Record<string, unknown>[] => {
  const value = toRecord(object)[field]
  return Array.isArray(value) ? value.filter(isRecord) : []
}

export const stringsField = (object: unknown, field: string): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(toRecord(toRecord(object)[field])).map(([key, value]) => [key, toText(value)]))

/** Returns the items of a List or of an array. */
export const parseItems = (object: unknown): readonly Record<string, unknown>[] =>
  Array.isArray(object) ? object.filter(isRecord) : listField(object, 'items')
