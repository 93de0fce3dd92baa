/** The time of a log record in milliseconds since 1970, read as UTC, or null if the record has no time. */
export function recordTimeMs(record: string): number | null {
  const spark = /^(\d\d)\/(\d\d)\/(\d\d) (\d\d:\d\d:\d\d)/.exec(record)
  const iso = /(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)/.exec(record.slice(0, 60))
  const [, year, month, day, time] = spark ?? []
  const text = spark === null ? (iso === null ? '' : `${iso[1]}T${iso[2]}Z`) : `20${year}-${month}-${day}T${time}Z`
  const ms = Date.parse(text)
  return Number.isNaN(ms) ? null : ms
}
