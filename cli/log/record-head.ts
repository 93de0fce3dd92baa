import type { RecordHead, RecordLevel } from './parsed-line.ts'

const levelNames: Readonly<Record<string, RecordLevel>> = {
  TRACE: 'debug',
  FINE: 'debug',
  FINER: 'debug',
  FINEST: 'debug',
  VERBOSE: 'debug',
  DEBUG: 'debug',
  CONFIG: 'info',
  NOTICE: 'info',
  INFORMATION: 'info',
  INFO: 'info',
  WARN: 'warn',
  WARNING: 'warn',
  ERR: 'error',
  ERROR: 'error',
  SEVERE: 'error',
  FATAL: 'error',
  CRITICAL: 'error',
  ALERT: 'error',
  EMERGENCY: 'error',
  PANIC: 'error',
}

/** The meaning of a level word in any case, or undefined. */
export const parseLevel = (word: string): RecordLevel | undefined => levelNames[word.toUpperCase()]

/** The last part of a logger's name: `TaskSetManager` for `org.apache.spark.scheduler.TaskSetManager`. */
export const shortLogger = (name: string): string => name.slice(name.lastIndexOf('.') + 1)

/** Spark's own layout (log4j2-defaults.properties: `%d{yy/MM/dd HH:mm:ss} %p %c{1}: %m%n`). */
const sparkRecord =
  /^\d\d\/\d\d\/\d\d \d\d:\d\d:\d\d(?:[.,]\d{1,9})? (TRACE|DEBUG|INFO|WARN|ERROR|FATAL) ([^\s:]{1,200}): ?(?!\d{1,6} - )(.*)$/

/**
 * Recognizes the beginning of a log record by its form: a time, a level word and a word like a logger's name within the
 * first 160 characters. It covers the layouts of log4j 1 and 2, logback, java.util.logging, klog and Python's logging.
 * Undefined for other lines. Takes time linear in the length of the line.
 */
export function readRecordHead(line: string): RecordHead | undefined {
  const first = line.charCodeAt(0)
  const isTimed = isDigit(first) || first === openBracket || first === openParenthesis
  if (isTimed) {
    const spark = sparkRecord.exec(line)
    if (spark !== null) {
      const [, level = '', logger = '', message = ''] = spark
      return { level: parseLevel(level) ?? 'info', logger: shortLogger(logger), message, isJvm: true }
    }
  }
  if (!isTimed && !isUpperCase(first) && first !== lessThan && !beginsKeyValues(line)) return undefined
  return readLevelFirst(line) ?? readTimed(line) ?? readKeyValues(line) ?? readKlog(line)
}

const levelWords =
  'TRACE|FINEST|FINER|FINE|VERBOSE|DEBUG|CONFIG|NOTICE|INFO|INFORMATION|WARNING|WARN|ERROR|ERR|SEVERE|FATAL|CRITICAL|PANIC'

/** `ERROR:app:text` of Python, `ERROR Foo: text`, `[ERROR] [main] a.b.Foo - text`, `ERROR [2026-…] a.b.Foo: text`. */
const levelFirst = new RegExp(`^(?:\\[(${levelWords})\\s{0,3}\\]|(${levelWords}))(?=[\\s:\\[|-])(.*)$`)

function readLevelFirst(line: string): RecordHead | undefined {
  const match = levelFirst.exec(line)
  if (match === null) return undefined
  const [, bracketed, bare = '', rest = ''] = match
  const level = parseLevel(bracketed ?? bare)
  if (level === undefined) return undefined
  // basicConfig of Python: `LEVEL:logger:message`.
  const python = /^:([\w.-]{1,200}):(.*)$/.exec(rest)
  if (python !== null) return { level, logger: shortLogger(python[1] ?? ''), message: python[2] ?? '', isJvm: false }
  const found = readLogger(rest)
  // Words of a program that happen to begin with a level are not a record: `INFO all rows were read`.
  const isPlain = bracketed === undefined && found.logger === '' && !/^\s{1,5}\[?\d{2,4}[-/]\d\d/.test(rest)
  return isPlain ? undefined : { level, ...found, isJvm: isJvmLogger(found) }
}

const zone = '(?:\\s?(?:Z|UTC|GMT|CES?T|[ECMP][SD]T|IST|JST|[AP]M|[+-]\\d\\d:?\\d\\d))?'
const date =
  '(?:\\d{4}[-/.]\\d\\d[-/.]\\d\\d|\\d{1,2}[-/.]\\d\\d[-/.]\\d{2,4}|\\d{1,2}[ /-][A-Z][a-z]{2}[ /-]\\d{2,4}|[A-Z][a-z]{2} {1,2}\\d{1,2},?(?: \\d{4},?)?|\\d{8})'
const clock = '\\d{1,2}:\\d\\d(?::\\d\\d)?(?:[.,:]\\d{1,9})?'
const leadingTime = new RegExp(
  `^[\\[(<]?(?:(?:${date}[T, ]{1,2})?${clock}${zone}|\\d{10}(?:\\.\\d{1,9})?|\\d{13}|\\d{1,9}(?= \\[))[\\])>]?`,
)
const levelWithin = new RegExp(
  `(?:^|[\\s\\[|(<{*-])(${levelWords}|(?<=\\[)(?:trace|debug|info|warn|warning|error|fatal)(?=\\]))(?=[\\s\\]:|,)>}*-]|$)`,
)
/** What may stand between the time and the level: threads, process numbers, a logger, signs between them. */
const groups = /\[[^\]]{0,120}\]|\([^)]{0,120}\)|\{[^}]{0,120}\}|[-|:*\s<[({>]+|\b\d{1,12}\b/g

/** A record that begins with its time: `2026-03-01 09:00:00,123 [main] ERROR a.b.Foo:91 - text`. */
function readTimed(line: string): RecordHead | undefined {
  const head = line.slice(0, 200)
  const time = leadingTime.exec(head)
  if (time === null) return undefined
  const rest = head.slice(time[0].length)
  const found = levelWithin.exec(rest.slice(0, 140))
  const level = parseLevel(found?.[1] ?? '')
  if (found === null || level === undefined) return undefined
  const words = rest.slice(0, found.index).replace(groups, ' ').trim().split(/\s+/)
  if (words.length > 3) return undefined
  const after = line.slice(time[0].length + found.index + found[0].length)
  const after1 = readLogger(after)
  const before = words.at(-1) ?? ''
  // Python programs often write the logger before the level: `%(asctime)s %(name)s %(levelname)s %(message)s`.
  if (after1.logger !== '' || before === '') return { level, ...after1, isJvm: isJvmLogger(after1) }
  const logger = shortLogger(before.replace(/:\d{1,6}$/, ''))
  const isLogger = isName(logger) && /[a-z]/.test(logger)
  return { level, logger: isLogger ? logger : '', message: after1.message, isJvm: isJvmLogger({ logger }) }
}

/** Whether a record with a time and a level begins the text. */
export const isTimedRecord = (text: string): boolean => /^[\d[(]/.test(text) && readTimed(text) !== undefined

const openGroup = /^[\s\]:|)>*-]{0,8}/
/** `1 --- [main]` of Spring, `[main]`, `(Thread-1)`, `<main>`. */
const threadGroup =
  /^(?:\d{1,9}\s{1,3}---\s{1,3})?(?:\[[^\]]{0,120}\]|\([^)]{0,120}\)|<[^>]{0,120}>|\{[^}]{0,120}\})\s{0,4}(?:[-:|]\s{0,3})?/
const loggerWord =
  /^([A-Za-z_$][\w$.-]{0,200}(?:\/[\w$.-]{1,100})?)\s{0,40}(?::(\d{1,6})(?=[\s:\]-]|$)|\([\w.$]{1,100}:\d{1,6}\)|\[[\w-]{1,60}\])?(\s{0,40}\]?\s{0,3}(?:[:|-]{1,2}(?=\s|$)|:)|\]|\s|$)/

interface LoggerAndMessage {
  readonly logger: string
  readonly message: string
}

/** Reads thread, logger and message from the text after the level. */
function readLogger(text: string): LoggerAndMessage {
  let rest = text.slice(openGroup.exec(text)?.[0].length ?? 0)
  let bracketed = ''
  for (let group = threadGroup.exec(rest), n = 0; group !== null && n < 3; group = threadGroup.exec(rest), n += 1) {
    const inner = /\[([\w$]{1,60}(?:\.[\w$]{1,60}){2,20}|[A-Z][\w$]{3,80})(?::\d{1,6})?\s{0,20}\]/.exec(group[0])
    if (inner !== null) bracketed = inner[1] ?? ''
    rest = rest.slice(group[0].length)
  }
  if (bracketed !== '' && isClassName(bracketed)) return { logger: shortLogger(bracketed), message: rest }
  const word = loggerWord.exec(rest)
  if (word === null) return { logger: '', message: rest }
  const [whole, name = '', lineOfCode, end = ''] = word
  const isMarked = /[:|\]-]/.test(end) || lineOfCode !== undefined || /[)\]]\s*$/.test(whole)
  if (!(isMarked ? isName(name) : isClassName(name) && name.includes('.'))) return { logger: '', message: rest }
  return { logger: shortLogger(name), message: rest.slice(whole.length).replace(/^\s{0,3}(?:[-:|] ?)?\s{0,3}/, '') }
}

const beginsKeyValues = (line: string) => /^(?:time|timestamp|ts|t|level|lvl)=/.test(line)
const toValuePattern = (keys: string) =>
  new RegExp(`(?:^|\\s)(?:${keys})=(?:"((?:[^"\\\\]|\\\\.){0,3000})"?|(\\S{1,3000}))`)
const messageValue = toValuePattern('msg|message')
const causeValue = /(?:^|\s)(?:cause|error|err)="?(.{1,3000}?)"?$/
const loggerValue = toValuePattern('logger|logger_name|caller|component')

/** logfmt: `time="…" level=error logger=a.b.C msg="text"`. ZIO writes an exception into `cause`, without escapes. */
function readKeyValues(line: string): RecordHead | undefined {
  const level = parseLevel(/(?:^|\s)(?:level|lvl)="?([a-z]{3,8})\b/i.exec(line.slice(0, 200))?.[1] ?? '')
  const found = messageValue.exec(line)
  if (level === undefined || found === null) return undefined
  const message = (found[1] ?? found[2] ?? '').replaceAll('\\"', '"') || (causeValue.exec(line)?.[1] ?? '')
  const logger = loggerValue.exec(line.slice(0, 400))
  return { level, logger: shortLogger(logger?.[1] ?? logger?.[2] ?? ''), message, isJvm: false }
}

/** klog of Kubernetes: `E0301 09:00:00.123456       1 file.go:12] text`. */
function readKlog(line: string): RecordHead | undefined {
  const match = /^([IWEF])\d{4} \d\d:\d\d:\d\d\.\d{1,9}\s{1,10}\d{1,9} ([\w.-]{1,100}):\d{1,6}\] (.*)$/.exec(line)
  if (match === null) return undefined
  const [, letter = '', logger = '', message = ''] = match
  const levels: Readonly<Record<string, RecordLevel>> = { I: 'info', W: 'warn' }
  return { level: levels[letter] ?? 'error', logger, message, isJvm: false }
}

const isName = (word: string) => /^[A-Za-z_$][\w$.-]{1,200}$/.test(word) && parseLevel(word) === undefined
/** A Java or Scala class, or a package abbreviated to letters: `a.b.Foo`, `o.a.s.SparkContext`, `SparkContext`. */
const isClassName = (word: string) => /^(?:[\w$-]{1,100}\.){0,20}[A-Z][\w$]{0,200}$/.test(word)
const isJvmLogger = ({ logger }: { readonly logger: string }) => /^[A-Z][\w$]*$/.test(logger)

const openBracket = 91
const openParenthesis = 40
const lessThan = 60
const isDigit = (code: number) => code >= 48 && code <= 57
const isUpperCase = (code: number) => code >= 65 && code <= 90
