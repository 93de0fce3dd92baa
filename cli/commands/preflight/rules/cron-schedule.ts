/** The values that one field of a schedule may have, and their names. */
interface Field {
  readonly name: string
  readonly least: number
  readonly most: number
  readonly names?: readonly string[]
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

/** In the order of the schedule. Sunday is 0, and not also 7. */
const fields: readonly Field[] = [
  { name: 'minute', least: 0, most: 59 },
  { name: 'hour', least: 0, most: 23 },
  { name: 'day of the month', least: 1, most: 31 },
  { name: 'month', least: 1, most: 12, names: ['', ...months] },
  { name: 'day of the week', least: 0, most: 6, names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] },
]

const descriptors = new Set(['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly'])
/** Go's time.ParseDuration. */
const duration = /^@every [+-]?(?:0|(?:(?:\d{1,18}(?:\.\d{0,18})?|\.\d{1,18})(?:ns|us|µs|μs|ms|s|m|h)){1,10})$/

/**
 * Finds why kubeflow’s operator does not accept a schedule, or undefined. It parses schedules with robfig/cron v3
 * (ParseStandard): five fields, or a descriptor. Phrased to follow the schedule.
 */
export function findScheduleProblem(schedule: string): string | undefined {
  const [, zone, text = schedule] = /^(?:CRON_)?TZ=(\S{1,100})\s+(.*)$/s.exec(schedule) ?? []
  if (zone !== undefined && !isTimeZone(zone)) return `names the time zone ${zone}, which does not exist`
  if (text.startsWith('@')) {
    if (descriptors.has(text) || duration.test(text)) return undefined
    return 'is not a known descriptor: @hourly, @daily, @weekly, @monthly, @yearly, or @every with a duration such as 1h30m'
  }
  const words = text.split(/\s+/).filter((word) => word !== '')
  if (words.length !== fields.length) {
    return `has ${words.length} fields; it must have five: minute, hour, day of the month, month and day of the week`
  }
  const wrong = fields.find((field, index) => !isList(words[index] ?? '', field))
  return (
    wrong && `has an invalid ${wrong.name}; it must be from ${wrong.least} to ${wrong.most}, * or a list of such ranges`
  )
}

const isList = (text: string, field: Field): boolean =>
  text
    .split(',')
    .filter((part) => part !== '')
    .every((part) => isRange(part, field))

/** `*`, `5`, `1-5`, each with a step such as `/2`. */
function isRange(text: string, field: Field): boolean {
  const [range = '', step = '1', ...moreSteps] = text.split('/')
  const [low = '', high, ...moreEnds] = range.split('-')
  if (moreSteps.length + moreEnds.length > 0 || !/^\d{1,9}$/.test(step) || Number(step) === 0) return false
  if (low === '*' || low === '?') return true
  const start = parseValue(low, field)
  const end = high === undefined ? start : parseValue(high, field)
  return start >= field.least && end <= field.most && start <= end
}

/** NaN for anything but a number or a name of the field. */
function parseValue(text: string, { names = [] }: Field): number {
  const named = text === '' ? -1 : names.indexOf(text.toLowerCase())
  if (named >= 0) return named
  return /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
}

/** As Go's time.LoadLocation, which reads the IANA database and knows `Local`. */
export function isTimeZone(name: string): boolean {
  if (name === 'Local') return true
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return !/^[+-]/.test(name)
  } catch {
    return false
  }
}
