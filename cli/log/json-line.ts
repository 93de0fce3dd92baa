import { isRecord, parseJson, toRecord } from '../../core/json.ts'
import type { RecordHead } from './parsed-line.ts'
import { beginsLine } from './prefix-learner.ts'
import { parseLevel, shortLogger } from './record-head.ts'

/** A line of JSON. */
export type JsonLine =
  /** What a collector recorded of the container's output, and of which stream. `isPartial`: the next record continues the line. */
  | { readonly kind: 'carrier'; readonly text: string; readonly stream: string; readonly isPartial: boolean }
  /** A record that the program logged as JSON. `trace` are the lines of its exception. */
  | { readonly kind: 'record'; readonly text: string; readonly head: RecordHead; readonly trace: readonly string[] }

/** Fields whose text only a collector writes: Docker and fluent-bit, Loki, Google Cloud, journald, Splunk, CloudWatch. */
const carriedFields = ['log', 'line', 'textPayload', 'MESSAGE', '_raw', '@message', 'event.original'] as const
/** Objects of collectors around the fields: Elasticsearch, Google Cloud, Splunk, Datadog. */
const wrappers = ['_source', 'jsonPayload', 'result', 'content'] as const
const levelFields = ['level', 'log.level', 'severity', 'levelname', 'loglevel', 'log_level', 'lvl', 'status'] as const
const messageFields = ['msg', 'message', 'text', 'event', 'body'] as const
const loggerFields = ['logger', 'logger_name', 'log.logger', 'loggerName', 'logger.name', 'name'] as const
const timeFields = ['ts', '@timestamp', 'timestamp', 'time', 'asctime'] as const
const traceFields = [
  'error.stack_trace',
  'stack_trace',
  'exception',
  'exception.stacktrace',
  'error.stack',
  'stackTrace',
  'stacktrace',
  'exc_info',
  'throwable',
  'thrown',
  'error',
] as const

/** A line that Docker writes in parts has parts of this many bytes. */
const dockerPartLength = 16_384
const maxTraceLines = 400

/**
 * Reads a line of JSON: log4j's JsonTemplateLayout with Spark's, the ECS, the Logstash and the GELF template, JsonLayout,
 * logback's encoders, Python's JSON loggers, and the records of collectors. Undefined for other objects.
 */
export function readJsonLine(line: string): JsonLine | undefined {
  if (!line.startsWith('{"') && !/^\{\s{1,4}"/.test(line)) return undefined
  const value = parseJson(line)
  const fields = isRecord(value) ? value : parseCutObject(line)
  return readObject(fields) ?? wrappers.map((name) => readObject(toRecord(fields[name]))).find((found) => found)
}

function readObject(fields: Record<string, unknown>): JsonLine | undefined {
  const carried = findText(fields, carriedFields)
  if (carried !== undefined) return toCarrier(carried, fields)
  const message = findText(fields, messageFields)
  if (message === undefined) return undefined
  const level = parseLevel(findText(fields, levelFields) ?? '')
  if (level === undefined || beginsLine(message)) return toCarrier(message, fields)
  const logger = findText(fields, loggerFields) ?? ''
  const isJvm = logger.includes('.') ? /\.[A-Z][\w$]*$/.test(logger) : /^[A-Z]/.test(logger)
  const head: RecordHead = { level, logger: shortLogger(logger), message: message.split('\n')[0] ?? '', isJvm }
  const time = findText(fields, timeFields)
  const shown = [time, level.toUpperCase(), head.logger === '' ? '' : `${head.logger}:`, head.message]
  const text = shown.filter((part) => part !== undefined && part !== '').join(' ')
  return { kind: 'record', text, head, trace: [...message.split('\n').slice(1), ...readTrace(fields)] }
}

function toCarrier(text: string, fields: Record<string, unknown>): JsonLine {
  const isTagged = fields.logtag === 'P' || fields._p === 'P'
  const isDockers = !text.endsWith('\n') && typeof fields.stream === 'string' && fields.log === text
  const isPartial = isTagged || (isDockers && Buffer.byteLength(text) >= dockerPartLength)
  const stream = typeof fields.stream === 'string' ? fields.stream : ''
  return { kind: 'carrier', text: text.replace(/\r?\n?$/, ''), stream, isPartial }
}

/** The lines of the exception, as the JVM or Python prints them. */
function readTrace(fields: Record<string, unknown>): readonly string[] {
  for (const name of traceFields) {
    const lines = toTraceLines(readField(fields, name))
    if (lines.length > 0) return lines.slice(0, maxTraceLines)
  }
  const [type, message] = [findText(fields, ['error.type']), findText(fields, ['error.message'])]
  return type === undefined ? [] : headOfException(type, message)
}

function toTraceLines(value: unknown): readonly string[] {
  if (typeof value === 'string') return /^\s*$/.test(value) ? [] : value.trimEnd().split(/\r?\n/)
  if (Array.isArray(value)) return value.flatMap(toTraceLines)
  const fields = toRecord(value)
  const { method, file, line } = fields
  const type = findText(fields, ['class', 'exception_class', 'type', 'name', 'className'])
  // Frames of Spark's own template and of JsonLayout.
  if (typeof method === 'string')
    return [`\tat ${type ?? ''}.${method}(${String(file ?? 'Unknown')}:${String(line ?? 0)})`]
  if (type === undefined) return []
  const message = findText(fields, ['msg', 'exception_message', 'message', 'localizedMessage'])
  const frames = ['stacktrace', 'stack_trace', 'stackTrace', 'extendedStackTrace'].flatMap((key) =>
    toTraceLines(fields[key]),
  )
  const cause = toTraceLines(fields.cause)
  return [
    ...(frames[0]?.startsWith(type) === true ? frames : [...headOfException(type, message), ...frames]),
    ...cause.map((text, index) => (index === 0 ? `Caused by: ${text}` : text)),
  ]
}

const headOfException = (type: string, message: string | undefined) =>
  (message === undefined || message === '' ? type : `${type}: ${message}`).split('\n')

/** The value of `a.b`, as a field of that name or as field `b` of the object `a`. */
function readField(fields: Record<string, unknown>, name: string): unknown {
  if (name in fields) return fields[name]
  const dot = name.indexOf('.')
  return dot < 0 ? undefined : toRecord(fields[name.slice(0, dot)])[name.slice(dot + 1)]
}

function findText(fields: Record<string, unknown>, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = readField(fields, name)
    if (typeof value === 'string') return value
  }
  return undefined
}

/** Reads the fields of a record whose end is missing, because the line is too long. */
function parseCutObject(line: string): Record<string, unknown> {
  const fields: Record<string, unknown> = {}
  for (const match of line.matchAll(/"([\w@.]{1,40})":\s?"((?:[^"\\]|\\.){0,20000})/g)) {
    const [, name = '', text = ''] = match
    const value = parseJson(`"${text}"`)
    if (typeof value === 'string' && !(name in fields)) fields[name] = value
  }
  const thrown = /"exception":\s?\{"class":\s?"([\w.$]{1,200})"/.exec(line)
  return thrown === null ? fields : { ...fields, exception: { class: thrown[1] } }
}
