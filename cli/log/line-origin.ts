import type { ThrownException } from './exceptions/exception-parser.ts'

/**
 * Who or what wrote a line of the driver's log. The meaning of a message depends on its origin: an OutOfMemoryError that
 * a task reported is not the driver's, and one in an INFO record has no effect.
 */
export type LineOrigin =
  /** The exception that ended the main thread or prevented the SparkContext from starting, with its causes. */
  | 'uncaught'
  /** A Python traceback outside a log record. It ended the program, or the program printed it and continued. */
  | 'traceback'
  /** The exception that ended another thread. */
  | 'thread'
  /** A record of level ERROR or FATAL, with its exception. */
  | 'error'
  | 'warning'
  /** A record of a lower level. */
  | 'info'
  /** A problem that an executor reported: lost tasks and executors, the cause of an aborted job. */
  | 'executor'
  /** An exception outside a log record, as printed by printStackTrace. */
  | 'printed'
  /** Any other line that the program, the launcher or the JVM prints. */
  | 'output'

export interface ClassifiedLine {
  readonly place: LineOrigin
  /** The line without time, level and logger of its record, and without prefixes such as `Caused by: `. */
  readonly content: string
  /** Whether the line names an exception. */
  readonly throwable: boolean
  /** Whether a new exception begins here, as opposed to the cause or the consequence of an earlier one. */
  readonly begins: boolean
  /** Whether the line is a log record. */
  readonly isRecord?: boolean
  /** The exception that the line names, or whose message it continues. */
  readonly thrown?: ThrownException | undefined
}
