import pino, { type DestinationStream, type Logger } from 'pino'

/** To standard output, in pieces: at the latest a second later, and at once on {@link Logging.flush}. */
export interface Logging {
  readonly log: Logger
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
  // A reader of the log that went away must not end the process.
  destination.on('error', () => {})
  return { log: createWebhookLog(level, version, destination), flush: () => destination.flushSync() }
}

/** Every line bears the time, the level by name and the version. */
export function createWebhookLog(level: string, version: string, destination: DestinationStream): Logger {
  return pino(
    {
      level,
      base: { app: 'spark-nanny-webhook', version },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  )
}
