import { writeSync } from 'node:fs'
import { hostname } from 'node:os'
import { escapeInvisible } from '../core/visible-text.ts'

const levels = { debug: 20, info: 30, warn: 40, error: 50 } as const
export type LogLevel = keyof typeof levels
export type LogFields = Readonly<Record<string, unknown>>

/** Texts of the driver's UI may be long. A line with more characters is written without its fields. */
const maxLineLength = 16_384

/** Writes one line of JSON per event, in pino's format. pino itself would use more memory than the rest of the sidecar. */
export type SidecarLog = Readonly<Record<LogLevel, (fields: LogFields, message: string) => void>>

/** Creates a log that passes lines of at least the level `minimum` to `write`. */
export function createSidecarLog(minimum: LogLevel, write: (line: string) => void, nowMs: () => number): SidecarLog {
  const base = { pid: process.pid, hostname: hostname(), name: 'spark-nanny-sidecar' }
  const at = (level: LogLevel) => (fields: LogFields, message: string) => {
    if (levels[level] < levels[minimum]) return
    const head = { level: levels[level], time: nowMs(), ...base }
    const line = JSON.stringify({ ...head, ...fields, msg: message })
    const short = line.length <= maxLineLength ? line : JSON.stringify({ ...head, msg: message, truncated: true })
    write(`${escapeInvisible(short, 'json')}\n`)
  }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

/** Writes to standard output. A line that cannot be written is lost, because a log must never end the sidecar. */
export function writeToStdout(line: string): void {
  try {
    writeSync(1, line)
  } catch {
    // EAGAIN or EPIPE: the reader is slow or gone.
  }
}
