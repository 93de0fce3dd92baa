/** A queue of keys that are due now or later, without duplicates. Times are of a monotonic clock. */
export interface WorkQueue {
  add(key: string): void
  /** Keeps the earlier time if the key is already queued. */
  addAt(key: string, atMs: number): void
  /** Removes the key, now and later. Without it, keys of removed drivers would stay until their times, which may be years away. */
  remove(key: string): void
  /** Removes and returns the next key that is due; undefined if there is none. */
  take(nowMs: number): string | undefined
  /** When the next key is due; Infinity if the queue is empty. */
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
    remove: (key) => {
      ready.delete(key)
      later.delete(key)
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
