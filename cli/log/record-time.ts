import { parseTimeMs } from '../../core/json.ts'

/** The time of a log record in milliseconds since 1970, read as UTC, or null if the record has no time. */
export function recordTimeMs(record: string): number | null {
  const spark = /^(\d\d)\/(\d\d)\/(\d\d) (\d\d:\d\d:\d\d)/.exec(record)
  if (spark !== null) return parseTimeMs(`20${spark[1]}-${spark[2]}-${spark[3]}T${spark[4]}Z`)
  const iso = /(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)/.exec(record.slice(0, 60))
  return iso === null ? null : parseTimeMs(`${iso[1]}T${iso[2]}Z`)
}
