import { type Result, unknown } from '../commands/check/result.ts'

/** What was read of the cluster, or why it could not be. */
export type Reading<T> = { readonly kind: 'read'; readonly value: T } | Unreadable

export interface Unreadable {
  readonly kind: 'unreadable'
  /** Of the API server's answer; null when there was none. */
  readonly status: number | null
  readonly detail: string
}

export const read = <T>(value: T): Reading<T> => ({ kind: 'read', value })
export const unreadable = (detail: string, status: number | null = null): Unreadable => ({
  kind: 'unreadable',
  status,
  detail,
})

export function mapReading<T, U>(reading: Reading<T>, change: (value: T) => U): Reading<U> {
  return reading.kind === 'read' ? read(change(reading.value)) : reading
}

/** The result of what was read, else unknown, with why. */
export function judgeReading<T>(reading: Reading<T>, judge: (value: T) => Result): Result {
  return reading.kind === 'read' ? judge(reading.value) : unknown(reading.detail)
}
