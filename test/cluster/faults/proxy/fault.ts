import { between, type Random, weighted } from '../../../support/random.ts'

/** The fault of one request. Delays are in real milliseconds. */
export type Fault =
  | { readonly kind: 'none' }
  /** The connection is reset and the request never arrives. */
  | { readonly kind: 'reset' }
  /** The request never arrives, and no response comes back. */
  | { readonly kind: 'dropped' }
  /** The request arrives late, maybe after the client's deadline. */
  | { readonly kind: 'delayed'; readonly delayMs: number }
  /** The request is carried out, and the response comes late. */
  | { readonly kind: 'answer-delayed'; readonly delayMs: number }
  /** The request is carried out, and the connection is reset before or in the middle of the response. */
  | { readonly kind: 'answer-lost' }
  | { readonly kind: 'answer-truncated' }
  /** Something other than the API server responds with 200, before or after the request arrived. */
  | { readonly kind: 'garbage'; readonly arrives: boolean }
  /** An error status, whether or not the request was carried out. */
  | { readonly kind: 'status'; readonly status: number; readonly retryAfterS: number; readonly arrives: boolean }
  | { readonly kind: 'dripped' }
  /** The request is forwarded twice at once; the client gets the second response. */
  | { readonly kind: 'doubled' }

const faults: readonly [Drawn<Fault>, ...Drawn<Fault>[]] = [
  { weight: 3, draw: () => ({ kind: 'reset' }) },
  { weight: 2, draw: () => ({ kind: 'dropped' }) },
  { weight: 3, draw: (random) => ({ kind: 'delayed', delayMs: between(random, 20, 1_600) }) },
  { weight: 3, draw: (random) => ({ kind: 'answer-delayed', delayMs: between(random, 20, 1_600) }) },
  { weight: 4, draw: () => ({ kind: 'answer-lost' }) },
  { weight: 2, draw: () => ({ kind: 'answer-truncated' }) },
  { weight: 2, draw: (random) => ({ kind: 'garbage', arrives: random() < 0.5 }) },
  { weight: 2, draw: () => ({ kind: 'status', status: 429, retryAfterS: 1, arrives: false }) },
  {
    weight: 4,
    draw: (random) => {
      const status = [500, 502, 503, 504][Math.floor(random() * 4)] ?? 500
      return { kind: 'status', status, retryAfterS: 0, arrives: random() < 0.4 }
    },
  },
  { weight: 1, draw: () => ({ kind: 'dripped' }) },
  { weight: 3, draw: () => ({ kind: 'doubled' }) },
]

/** The fault of one watch, after a while. */
export interface WatchFault {
  readonly kind: WatchFaultKind
  readonly afterMs: number
}

export type WatchFaultKind =
  | 'none'
  /** At the start of the watch. */
  | 'reset'
  | 'gone'
  | 'refused'
  | 'garbage-answer'
  /** During the watch. */
  | 'ended'
  | 'cut'
  | 'truncated-event'
  | 'garbage-event'
  | 'error-event'
  | 'frozen'
  | 'dripped'

const watchFaults: readonly [Drawn<WatchFaultKind>, ...Drawn<WatchFaultKind>[]] = [
  { weight: 1, draw: () => 'reset' },
  { weight: 1, draw: () => 'gone' },
  { weight: 2, draw: () => 'refused' },
  { weight: 1, draw: () => 'garbage-answer' },
  { weight: 3, draw: () => 'ended' },
  { weight: 3, draw: () => 'cut' },
  { weight: 2, draw: () => 'truncated-event' },
  { weight: 1, draw: () => 'garbage-event' },
  { weight: 2, draw: () => 'error-event' },
  { weight: 3, draw: () => 'frozen' },
  { weight: 1, draw: () => 'dripped' },
]

interface Drawn<T> {
  readonly weight: number
  draw(random: Random): T
}

/** Fault rates: shares of all requests, watches and connections. */
export interface FaultRates {
  readonly requests: number
  readonly watches: number
  readonly connections: number
}

export const noFaults: FaultRates = { requests: 0, watches: 0, connections: 0 }

export function drawFault(random: Random, { requests }: FaultRates): Fault {
  return random() < requests ? weighted(random, faults).draw(random) : { kind: 'none' }
}

export function drawWatchFault(random: Random, { watches }: FaultRates): WatchFault {
  const kind = random() < watches ? weighted(random, watchFaults).draw(random) : 'none'
  return { kind, afterMs: between(random, 50, 3_000) }
}
