/** Limits how many actions of one kind run at the same time, because the API server has other clients. */
export interface ActionSlots {
  /** Takes a slot. False if none is free; the key then waits for its turn. */
  take(key: string): boolean
  giveBack(): void
  /** The next waiting key if a slot is free. The key must take the slot itself. */
  next(): string | undefined
}

export function createActionSlots(count: number): ActionSlots {
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
  }
}
