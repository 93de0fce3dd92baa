/** A value that was read from the cluster, or why it could not be read. */
export type ReadResult<T> = { readonly kind: 'read'; readonly value: T } | Unreadable

export interface Unreadable {
  readonly kind: 'unreadable'
  /** HTTP status of the response. Null if there was no response. */
  readonly status: number | null
  readonly detail: string
}

export const readable = <T>(value: T): ReadResult<T> => ({ kind: 'read', value })
export const unreadable = (detail: string, status: number | null = null): Unreadable => ({
  kind: 'unreadable',
  status,
  detail,
})

export function mapReading<T, U>(reading: ReadResult<T>, change: (value: T) => U): ReadResult<U> {
  return reading.kind === 'read' ? readable(change(reading.value)) : reading
}
