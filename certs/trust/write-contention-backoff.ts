import { exponentialDelayMs } from '../../core/backoff.ts'

const maxRestMs = 60_000
/** Longer than any rest, or who undoes what we write after it would never be known for what they are. */
const peaceMs = 5 * 60_000
/** As many rounds as an installation, a renewal and a rotation right after each other need. */
const freeRounds = 6

/**
 * How long to rest after a round, in milliseconds: not at all after one that wrote nothing, or that wrote once in a while;
 * after many that wrote within minutes twice as long each time, up to a minute. Somebody may be undoing what we write, and
 * must not be answered at once for ever.
 */
export function createWriteContentionBackoff(elapsedMs: () => number): (wrote: boolean) => number {
  let rounds = 0
  let lastMs = Number.NEGATIVE_INFINITY
  return (wrote) => {
    if (!wrote) return 0
    rounds = elapsedMs() - lastMs > peaceMs ? 1 : rounds + 1
    lastMs = elapsedMs()
    return rounds > freeRounds ? exponentialDelayMs(rounds - freeRounds, { baseMs: 100, capMs: maxRestMs }) : 0
  }
}
