import type { Log } from '../../core/log.ts'

/** A Secret's values are base64; nothing that we say ourselves has so many of its letters in a row. */
const suspicious = /PRIVATE KEY|[A-Za-z0-9+/=]{40}/
/** Of a text that was cut, a line's end may be left: where there is one piece there may be others. */
const pieces = /-----[A-Z ]*-----|[A-Za-z0-9+/=]{12,}/g

/** Without what may be a key: an API server, or a webhook of its own, may give back what it was sent. */
export const redact = (text: string): string => (suspicious.test(text) ? text.replace(pieces, '[redacted]') : text)

/** A log in which no string of any line holds a key. */
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
