/** Time that passes only when the simulation asks for it. Milliseconds since it began. */
export interface VirtualTime {
  nowMs(): number
  /** Calls `happen` at that time, or next if the time is past. Returns a function that calls it off. */
  at(atMs: number, happen: () => void): () => void
  /** Lets what waits for promises go on before time passes. To be called whenever one may have been resolved. */
  settle(): void
  /** Lets everything happen up to `untilMs`, in order, or up to the moment at which `isOver`. */
  runUntil(untilMs: number, isOver: () => boolean): Promise<void>
}

interface Happening {
  readonly atMs: number
  readonly happen: () => void
  isOff: boolean
}

export function createVirtualTime(): VirtualTime {
  let nowMs = 0
  let settles = false
  /** The next one is the last, so that it is taken off without moving the others. */
  const agenda: Happening[] = []
  return {
    nowMs: () => nowMs,
    at(atMs, happen) {
      const entry: Happening = { atMs: Math.max(atMs, nowMs), happen, isOff: false }
      let [low, high] = [0, agenda.length]
      while (low < high) {
        const middle = (low + high) >> 1
        if ((agenda[middle]?.atMs ?? 0) > entry.atMs) low = middle + 1
        else high = middle
      }
      agenda.splice(low, 0, entry)
      return () => {
        entry.isOff = true
      }
    },
    settle: () => {
      settles = true
    },
    async runUntil(untilMs, isOver) {
      while (!isOver()) {
        const next = agenda.at(-1)
        if (next === undefined || next.atMs > untilMs) break
        agenda.pop()
        if (next.isOff) continue
        nowMs = next.atMs
        next.happen()
        if (settles) await settlePromises()
        settles = false
      }
      if (!isOver()) nowMs = untilMs
    },
  }
}

/** Everything that follows from a resolved promise happens before the next moment of virtual time. */
const settlePromises = () => new Promise<void>((resolve) => void setImmediate(resolve))
