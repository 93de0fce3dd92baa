import type { KubeletEvent } from './kubelet/events.ts'

export interface TimedEvent {
  readonly atMs: number
  readonly event: KubeletEvent
}

/** All that happened to one pod, and a way to wait for what shall happen. */
export interface EventLog {
  readonly events: readonly TimedEvent[]
  add(event: KubeletEvent): void
  /** The first event that matches, after `sinceMs`, whether it has happened yet or not; rejects after `withinMs` naming `what`. */
  first(what: string, matches: (event: KubeletEvent) => boolean, sinceMs: number, withinMs: number): Promise<TimedEvent>
}

export function createEventLog(nowMs: () => number): EventLog {
  const events: TimedEvent[] = []
  const waiting = new Set<(event: TimedEvent) => void>()
  return {
    events,
    add(event) {
      const timed = { atMs: nowMs(), event }
      events.push(timed)
      for (const tell of waiting) tell(timed)
    },
    first(what, matches, sinceMs, withinMs) {
      const found = events.find(({ atMs, event }) => atMs > sinceMs && matches(event))
      if (found !== undefined) return Promise.resolve(found)
      return new Promise((resolve, reject) => {
        const settle = () => {
          clearTimeout(timer)
          waiting.delete(tell)
        }
        const tell = (timed: TimedEvent) => {
          if (!matches(timed.event)) return
          settle()
          resolve(timed)
        }
        const timer = setTimeout(() => {
          settle()
          reject(new Error(`it did not happen within ${withinMs / 1000} s: ${what}`))
        }, withinMs)
        // A demo that has failed already must not wait for what else might happen.
        timer.unref()
        waiting.add(tell)
      })
    },
  }
}
