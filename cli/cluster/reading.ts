/**
 * The result of one request to the API server. Unlike an EvidenceReading it keeps the HTTP status, on which the checks
 * decide, and has no name of its source. Callers that may find nothing read null.
 */
export type ApiReading<T> = { readonly kind: 'read'; readonly value: T } | Unreadable

export interface Unreadable {
  readonly kind: 'unreadable'
  /** HTTP status of the response. Null if there was no response. */
  readonly status: number | null
  readonly detail: string
}

export const readable = <T>(value: T): ApiReading<T> => ({ kind: 'read', value })
export const unreadable = (detail: string, status: number | null = null): Unreadable => ({
  kind: 'unreadable',
  status,
  detail,
})

export function mapApiReading<T, U>(reading: ApiReading<T>, change: (value: T) => U): ApiReading<U> {
  return reading.kind === 'read' ? readable(change(reading.value)) : reading
}
