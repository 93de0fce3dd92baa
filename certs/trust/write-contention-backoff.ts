import { exponentialDelayMs } from '../../core/backoff.ts'

const maxRestMs = 60_000
/** Must be longer than any rest: otherwise a client that undoes each write after the rest would never be noticed. */
const contentionEndsAfterMs = 5 * 60_000
/** The number of rounds that an installation, a renewal and a rotation in immediate succession need. */
const freeRounds = 6

/**
 * Returns a function that computes the rest after a round, in milliseconds. There is no rest after a round without writes, or
 * after occasional writes. After many rounds with writes within minutes, the rest doubles with each round, up to one minute:
 * another client may undo each write, and the two must not write in a tight loop.
 */
export function createWriteContentionBackoff(elapsedMs: () => number): (wrote: boolean) => number {
  let rounds = 0
  let lastMs = Number.NEGATIVE_INFINITY
  return (wrote) => {
    if (!wrote) return 0
    rounds = elapsedMs() - lastMs > contentionEndsAfterMs ? 1 : rounds + 1
    lastMs = elapsedMs()
    return rounds > freeRounds ? exponentialDelayMs(rounds - freeRounds, { baseMs: 100, capMs: maxRestMs }) : 0
  }
}
