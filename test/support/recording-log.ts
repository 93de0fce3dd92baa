import type { Log } from '../../core/log.ts'

export interface RecordedLine {
  readonly level: keyof Log
  readonly line: Readonly<Record<string, unknown>>
}

/** A log that records its lines. */
export function createRecordingLog(): { readonly log: Log; readonly lines: RecordedLine[] } {
  const lines: RecordedLine[] = []
  const at = (level: keyof Log) => (line: object) => void lines.push({ level, line: { ...line } })
  return { log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }, lines }
}
