/** One line of the driver's log after everything that a collector, viewer or terminal adds has been removed. */
export interface ParsedLine {
  /** Line number in the log, starting at 1. Lines that one JSON record contains have the same number. */
  readonly number: number
  /** The text of the line, at most 4,096 UTF-16 units. */
  readonly text: string
  /** Null for a line that does not begin a log record: a stack frame, or output of the program. */
  readonly head: RecordHead | null
}

/** The beginning of a log record. */
export interface RecordHead {
  readonly level: RecordLevel
  /** The last part of the logger's name, such as `TaskSetManager`. Empty if the layout has none. */
  readonly logger: string
  /** The text after time, level, thread and logger. */
  readonly message: string
  /** Whether a JVM wrote the record. Logging of the JVM never prints Python tracebacks. */
  readonly isJvm: boolean
}

/** trace counts as debug; fatal, critical and severe count as error. */
export type RecordLevel = 'debug' | 'info' | 'warn' | 'error'
