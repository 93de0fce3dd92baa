import type { LineOrigin } from './line-origin.ts'

/** Numbers of the lines that tell of a driver's course; 0: none. */
export interface LogMilestones {
  /** The last SparkContext began: what stands before it is of an earlier program, or was got over. */
  readonly context: number
  /** The last job began. */
  readonly job: number
  /** The last job, or batch of a stream, was done. */
  readonly jobDone: number
  /** Where the JVM began to end, since the context began. */
  readonly shutdown: number
}

/** Sentences of SparkContext, DAGScheduler, ProgressReporter and ShutdownHookManager (4.0.1), with or without the logger. */
const milestone =
  /^(?:\[[^\]]{1,80}\] )?(?:[\w.$]{1,200}(?: -|:) )?(?:(Running Spark version )|(Starting job: )|(Job \d{1,9} finished: |Streaming query made progress)|(?:Invoking stop\(\) from shutdown hook|Shutdown hook called))/

/** Follows a driver through its log: which exceptions it went on after, as no program does that an exception has ended. */
export class Course {
  readonly #last = { context: 0, job: 0, jobDone: 0, shutdown: 0 }
  #end = 0

  /** A record below WARN. */
  record(text: string, line: number): void {
    const found = milestone.exec(text)
    if (found === null) return
    const [, context, job, jobDone] = found
    if (context !== undefined) this.#last.context = line
    else if (job !== undefined) this.#last.job = line
    else if (jobDone !== undefined) this.#last.jobDone = line
    else if (this.#last.shutdown <= this.#last.context) this.#last.shutdown = line
  }

  /** An exception that does not come of the one before, and would have ended the program. */
  end(line: number): void {
    this.#end = line
  }

  isOver({ number, place }: { readonly number: number; readonly place: LineOrigin }): boolean {
    const { context, job, jobDone } = this.#last
    if (place === 'traceback') return number < Math.max(context, job, jobDone, this.#end)
    return (place === 'uncaught' || place === 'thread') && number < context
  }

  milestones(): LogMilestones {
    return { ...this.#last }
  }
}
