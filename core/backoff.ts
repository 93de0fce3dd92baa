/** Delays between tries, in milliseconds. */
export interface Backoff {
  nextMs(): number
  reset(): void
}

/** Doubling, with jitter from half to the whole: replicas must not come back in step. */
export function createBackoff(
  { firstBackoffMs, maxBackoffMs }: { readonly firstBackoffMs: number; readonly maxBackoffMs: number },
  random: () => number,
): Backoff {
  let tries = 0
  return {
    nextMs: () => Math.min(maxBackoffMs, firstBackoffMs * 2 ** Math.min(tries++, 20)) * (0.5 + random() / 2),
    reset: () => {
      tries = 0
    },
  }
}
