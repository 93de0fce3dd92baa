import type { LineOrigin } from './line-origin.ts'

/** Line numbers of the milestones of a driver, starting at 1. 0 means that there is no such line. */
export interface LogMilestones {
  /** Start of the last SparkContext. Earlier problems belong to an earlier program, or the driver recovered from them. */
  readonly context: number
  /** Start of the last job. */
  readonly job: number
  /** End of the last job or streaming batch. */
  readonly jobDone: number
  /** First line of the JVM's shutdown after the start of the context. */
  readonly shutdown: number
}

/**
 * Messages of SparkContext, DAGScheduler, ProgressReporter, ShutdownHookManager and, which only an executor logs, of
 * CoarseGrainedExecutorBackend (2.4 to 4.0.1). With or without the logger.
 */
const milestone =
  /^(?:\[[^\]]{1,80}\] )?(?:[\w.$]{1,200}(?: -|:) )?(?:(Running Spark version )|(Starting job: )|(Job \d{1,9} finished: |Streaming query made progress)|(Connecting to driver: spark:\/\/|Successfully registered with driver|Driver commanded a shutdown)|(?:Invoking stop\(\) from shutdown hook|Shutdown hook called))/

/** Tracks a driver's milestones, to decide after which exceptions the driver continued. */
export class LogTimeline {
  readonly #last = { context: 0, job: 0, jobDone: 0, shutdown: 0 }
  #end = 0
  #isExecutor = false

  /** Processes a record below level WARN. */
  record(text: string, line: number): void {
    const found = milestone.exec(text)
    if (found === null) return
    const [, context, job, jobDone, executor] = found
    if (context !== undefined) this.#last.context = line
    else if (job !== undefined) this.#last.job = line
    else if (jobDone !== undefined) this.#last.jobDone = line
    else if (executor !== undefined) this.#isExecutor = true
    else if (this.#last.shutdown <= this.#last.context) this.#last.shutdown = line
  }

  /** Processes a new exception that would have ended the program. */
  end(line: number): void {
    this.#end = line
  }

  /** Whether the driver continued after the exception. */
  isOver({ number, place }: { readonly number: number; readonly place: LineOrigin }): boolean {
    const { context, job, jobDone } = this.#last
    if (place === 'traceback') return number < Math.max(context, job, jobDone, this.#end)
    return (place === 'uncaught' || place === 'thread') && number < context
  }

  /** Whether the JVM of the last context shuts down. Errors of a shutdown follow from it. */
  isShuttingDown(): boolean {
    return this.#last.shutdown > this.#last.context
  }

  /** Whether an executor wrote the log. An executor in the driver’s own JVM follows the start of a context. */
  isOfExecutor(): boolean {
    return this.#isExecutor && this.#last.context === 0
  }

  milestones(): LogMilestones {
    return { ...this.#last }
  }
}
