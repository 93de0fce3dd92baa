import type { KubeletEvent } from './fake-kubelet/events.ts'

export interface TimedEvent {
  readonly atMs: number
  readonly event: KubeletEvent
}

/** The events of one pod, in order, and a way to wait for the next one. */
export interface EventLog {
  readonly events: readonly TimedEvent[]
  add(event: KubeletEvent): void
  /** Resolves with the first matching event after `sinceMs`, past or future. Rejects after `withinMs` with `what` in the message. */
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
      for (const notify of waiting) notify(timed)
    },
    first(what, matches, sinceMs, withinMs) {
      const found = events.find(({ atMs, event }) => atMs > sinceMs && matches(event))
      if (found !== undefined) return Promise.resolve(found)
      return new Promise((resolve, reject) => {
        const settle = () => {
          clearTimeout(timer)
          waiting.delete(notify)
        }
        const notify = (timed: TimedEvent) => {
          if (!matches(timed.event)) return
          settle()
          resolve(timed)
        }
        const timer = setTimeout(() => {
          settle()
          reject(new Error(`it did not happen within ${withinMs / 1000} s: ${what}`))
        }, withinMs)
        // A demo that has failed must not wait for this timer.
        timer.unref()
        waiting.add(notify)
      })
    },
  }
}
