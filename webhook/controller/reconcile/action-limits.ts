/** So many effects of one kind at a time; the API server has others to serve. */
export interface EffectSlots {
  /** False: none is free, and the key waits for its turn. */
  take(key: string): boolean
  giveBack(): void
  /** Whose turn it is, when there is a slot for it; it must ask again. */
  next(): string | undefined
  taken(): number
}

export function effectSlots(count: number): EffectSlots {
  let taken = 0
  const waiting = new Set<string>()
  return {
    take: (key) => {
      if (taken >= count) {
        waiting.add(key)
        return false
      }
      taken += 1
      return true
    },
    giveBack: () => {
      taken -= 1
    },
    next: () => {
      const [key] = waiting
      if (key === undefined || taken >= count) return undefined
      waiting.delete(key)
      return key
    },
    taken: () => taken,
  }
}
