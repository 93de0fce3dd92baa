import type { Log } from './log.ts'

/** The loops that run beside admission until they are stopped. */
export interface BackgroundTasks {
  start(name: string, run: (signal: AbortSignal) => Promise<void>): void
  /** The names of the loops that ended by themselves, which none of them should. */
  ended(): readonly string[]
  /** Stops all loops, and resolves after the last one has ended. */
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
