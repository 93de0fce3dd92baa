import { between, type Random, weighted } from '../runner/random.ts'

/** What becomes of one request. Delays in real milliseconds. */
export type Fault =
  | { readonly kind: 'none' }
  /** The connection is reset and the request never arrives. */
  | { readonly kind: 'reset' }
  /** Nothing comes back, and the request never arrives. */
  | { readonly kind: 'dropped' }
  /** It arrives late, maybe after its sender gave it up. */
  | { readonly kind: 'delayed'; readonly delayMs: number }
  /** It is carried out, and the answer comes late. */
  | { readonly kind: 'answer-delayed'; readonly delayMs: number }
  /** It is carried out, and the connection is reset before, or half through, the answer. */
  | { readonly kind: 'answer-lost' }
  | { readonly kind: 'answer-truncated' }
  /** Something answers 200 that is no API server: without the request having arrived, or after. */
  | { readonly kind: 'garbage'; readonly arrives: boolean }
  /** Refused by status: without it having been carried out, or though it was. */
  | { readonly kind: 'status'; readonly status: number; readonly retryAfterS: number; readonly arrives: boolean }
  | { readonly kind: 'dripped' }
  /** Sent on twice, at once; the second answer is given. */
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

/** What becomes of one watch, after a while. */
export interface WatchFault {
  readonly kind: WatchFaultKind
  readonly afterMs: number
}

export type WatchFaultKind =
  | 'none'
  /** At its beginning. */
  | 'reset'
  | 'gone'
  | 'refused'
  | 'garbage-answer'
  /** In its course. */
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

/** How much goes wrong: shares of all requests, of all watches. */
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
