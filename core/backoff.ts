/** How the delays of a retried operation grow. */
export interface ExponentialBackoff {
  /** The delay of attempt 0, in milliseconds. */
  readonly baseMs: number
  /** No delay is longer, in milliseconds. Without it the delay grows without bound. */
  readonly capMs?: number
}

/** Keeps the delay a finite number: after 40 doublings even one millisecond has become 35 years. */
const maxDoublings = 40

/** The delay after `attempt` failures, counted from 0, in milliseconds: the base, doubled with each attempt, up to the cap. */
export function exponentialDelayMs(attempt: number, { baseMs, capMs = Infinity }: ExponentialBackoff): number {
  return Math.min(capMs, baseMs * 2 ** Math.min(attempt, maxDoublings))
}

/** From half of the delay to all of it, by `random` from 0 to 1, so that replicas do not retry at the same moment. */
export function withJitter(delayMs: number, random: number): number {
  return delayMs * (0.5 + random / 2)
}

/** Counts the attempts of one operation. */
export interface Backoff {
  /** The delay before the next attempt, in milliseconds. */
  nextMs(): number
  /** Call it after a success: the next delay is the base again. */
  reset(): void
}

/** An exponential backoff with jitter. `random` returns a number from 0 to 1. */
export function createBackoff(backoff: ExponentialBackoff, random: () => number): Backoff {
  let attempt = 0
  return {
    nextMs: () => withJitter(exponentialDelayMs(attempt++, backoff), random()),
    reset: () => {
      attempt = 0
    },
  }
}
