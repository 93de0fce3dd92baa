import type { Log } from './log.ts'

/** The loops beside admission: they run until stopped, and one that ends by itself is known by name. */
export interface BackgroundTasks {
  start(name: string, run: (signal: AbortSignal) => Promise<void>): void
  ended(): readonly string[]
  /** Resolves when all have ended. */
  stop(): Promise<void>
}

export function createBackgroundTasks(log: Log): BackgroundTasks {
  const controller = new AbortController()
  const ended = new Set<string>()
  const running: Promise<void>[] = []
  return {
    start: (name, run) => {
      const finish = (error?: unknown) => {
        if (controller.signal.aborted) return
        ended.add(name)
        log.error({ event: 'controller-loop-failed', loop: name, err: error })
      }
      running.push(run(controller.signal).then(() => finish(), finish))
    },
    ended: () => [...ended],
    stop: async () => {
      controller.abort()
      await Promise.all(running)
    },
  }
}
