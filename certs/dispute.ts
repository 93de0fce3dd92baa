const maxRestMs = 60_000
/** Longer than any rest, or who undoes what we write after it would never be known for what they are. */
const peaceMs = 5 * 60_000

/**
 * How long to rest after a round, in milliseconds: not at all after one that wrote nothing, or that wrote once in a while;
 * twice as long after each that writes again soon, up to a minute. Somebody may be undoing what we write, and must not be
 * answered at once for ever.
 */
export function disputeRest(elapsedMs: () => number): (wrote: boolean) => number {
  let disputes = 0
  let lastMs = Number.NEGATIVE_INFINITY
  return (wrote) => {
    if (!wrote) return 0
    disputes = elapsedMs() - lastMs > peaceMs ? 1 : disputes + 1
    lastMs = elapsedMs()
    return disputes > 1 ? Math.min(maxRestMs, 50 * 2 ** Math.min(disputes, 20)) : 0
  }
}
