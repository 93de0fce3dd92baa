import type { Log } from './log.ts'

/** The loops that run beside admission until they are stopped. */
export interface BackgroundTasks {
  start(name: string, run: (signal: AbortSignal) => Promise<void>): void
  /** Starts a loop without which the process is still healthy. Its end is only logged. */
  startOptional(name: string, run: (signal: AbortSignal) => Promise<void>): void
  /** The names of the loops that ended by themselves, which none of them should, except optional ones. */
  ended(): readonly string[]
  /** Stops all loops, and resolves after the last one has ended. */
  stop(): Promise<void>
}

export function createBackgroundTasks(log: Log): BackgroundTasks {
  const controller = new AbortController()
  const ended = new Set<string>()
  const running: Promise<void>[] = []
  const startLoop = (name: string, run: (signal: AbortSignal) => Promise<void>, isOptional: boolean) => {
    const finish = (error?: unknown) => {
      if (controller.signal.aborted) return
      if (!isOptional) ended.add(name)
      log.error({ event: 'controller-loop-failed', loop: name, err: error })
    }
    running.push(run(controller.signal).then(() => finish(), finish))
  }
  return {
    start: (name, run) => startLoop(name, run, false),
    startOptional: (name, run) => startLoop(name, run, true),
    ended: () => [...ended],
    stop: async () => {
      controller.abort()
      await Promise.all(running)
    },
  }
}
