/** Keys to look at, now or later; one that is added again stays one. Times are of any clock that no one sets. */
export interface WorkQueue {
  add(key: string): void
  /** A time that came before stays; a key that is added now need not wait. */
  addAt(key: string, atMs: number): void
  /** The next key to look at, with those whose time has come; undefined: none. */
  take(nowMs: number): string | undefined
  /** When the next one is due; Infinity: none is. */
  nextMs(): number
  /** Resolves when a key is added. */
  added(): Promise<void>
}

export function createWorkQueue(): WorkQueue {
  const ready = new Set<string>()
  const later = new Map<string, number>()
  let wake = Promise.withResolvers<void>()
  let earliestMs = Number.POSITIVE_INFINITY

  const becomeReady = (nowMs: number) => {
    if (nowMs < earliestMs) return
    earliestMs = Number.POSITIVE_INFINITY
    for (const [key, atMs] of later) {
      if (atMs <= nowMs) {
        later.delete(key)
        ready.add(key)
      } else earliestMs = Math.min(earliestMs, atMs)
    }
  }
  const rouse = () => {
    wake.resolve()
    wake = Promise.withResolvers<void>()
  }
  return {
    add: (key) => {
      ready.add(key)
      rouse()
    },
    addAt: (key, atMs) => {
      const before = later.get(key)
      if (before !== undefined && before <= atMs) return
      later.set(key, atMs)
      if (atMs < earliestMs) {
        earliestMs = atMs
        rouse()
      }
    },
    take: (nowMs) => {
      becomeReady(nowMs)
      const [key] = ready
      if (key !== undefined) ready.delete(key)
      return key
    },
    nextMs: () => earliestMs,
    added: () => wake.promise,
  }
}
