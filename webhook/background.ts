import type { Log } from './log.ts'

/** The loops beside admission: they run until stopped, and one that ends by itself is known by name. */
export interface Background {
  start(name: string, run: (signal: AbortSignal) => Promise<void>): void
  ended(): readonly string[]
  stop(): void
}

export function background(log: Log): Background {
  const controller = new AbortController()
  const ended = new Set<string>()
  return {
    start: (name, run) => {
      const finish = (error?: unknown) => {
        if (controller.signal.aborted) return
        ended.add(name)
        log.error({ event: 'loop-ended', loop: name, err: error })
      }
      run(controller.signal).then(() => finish(), finish)
    },
    ended: () => [...ended],
    stop: () => controller.abort(),
  }
}
