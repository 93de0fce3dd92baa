import type { Log } from '../../core/log.ts'

/** The values of a Secret are base64. No log text of spark-nanny has this many base64 characters in a row. */
const suspicious = /PRIVATE KEY|[A-Za-z0-9+/=]{40}/
/** A cut may leave less than 40 characters of a key, so once one piece is found, shorter ones are removed too. */
const pieces = /-----[A-Z ]*-----|[A-Za-z0-9+/=]{12,}/g

/** Removes anything that may be a key: an API server or another webhook may return what it received. */
export const redact = (text: string): string => (suspicious.test(text) ? text.replace(pieces, '[redacted]') : text)

/** Creates a log in which no string of any line contains a key. */
export function createRedactingLog(log: Log): Log {
  const at = (level: keyof Log) => (line: object) => log[level](redactLine(line))
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

const redactLine = (line: object): object =>
  Object.fromEntries(Object.entries(line).map(([key, value]) => [key, redactValue(value)]))

function redactValue(value: unknown): unknown {
  if (typeof value === 'string') return redact(value)
  if (value instanceof Error) return redact(value.message)
  if (Array.isArray(value)) return value.map(redactValue)
  return typeof value === 'object' && value !== null ? redactLine(value) : value
}
