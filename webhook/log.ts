import pino, { type DestinationStream, type Logger } from 'pino'
import { escapeInvisible } from '../core/visible-text.ts'

/** A log that is written to standard output in blocks, at most a second later, and immediately on {@link Logging.flush}. */
export interface Logging {
  readonly log: Logger
  /** Writes lines of another log as they are, each with its line break. */
  write(lines: string): void
  flush(): void
}

export function createLogging(level: string, version: string): Logging {
  const destination = pino.destination({
    fd: 1,
    sync: false,
    minLength: 8 * 1024,
    maxLength: 4 * 1024 ** 2,
    periodicFlush: 500,
  })
  // A log whose reader is gone must not end the process.
  destination.on('error', () => {})
  return {
    log: createWebhookLog(level, version, destination),
    write: (lines) => void destination.write(lines),
    flush: () => destination.flushSync(),
  }
}

/**
 * Creates a log in which each line has the time, the name of the level, and the version. Invisible characters of names and
 * messages are written as escapes of JSON.
 */
export function createWebhookLog(level: string, version: string, destination: DestinationStream): Logger {
  return pino(
    {
      level,
      base: { app: 'spark-nanny-webhook', version },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => destination.write(escapeInvisible(line, 'json')) },
  )
}
