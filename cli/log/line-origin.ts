/**
 * Where in a driver's log a line stands. The same words mean an end in one place and nothing in another: an
 * OutOfMemoryError that a task reported is not the driver's, one in an INFO record is talk.
 */
export type LineOrigin =
  /** The exception that ended the main thread or kept the SparkContext from starting, with its causes. */
  | 'uncaught'
  /** A Python traceback that no record leads: it ended the program, or was printed by one that got over it. */
  | 'traceback'
  /** The exception that ended another thread. */
  | 'thread'
  /** A record of level ERROR or FATAL, with its exception. */
  | 'error'
  | 'warning'
  /** A record of a lower level. */
  | 'info'
  /** What an executor reported: lost tasks and executors, the cause of an aborted job. */
  | 'executor'
  /** An exception outside of any record, as printStackTrace leaves it. */
  | 'printed'
  /** Any other line: what the program, the launcher or the JVM prints. */
  | 'output'

export interface ClassifiedLine {
  readonly place: LineOrigin
  /** The line without its record's time, level and logger, and without `Caused by: ` and the like. */
  readonly content: string
  /** Whether the line names an exception of its own. */
  readonly throwable: boolean
  /** Whether an exception begins here, and not the cause of one before, or what came of it. */
  readonly begins: boolean
}
