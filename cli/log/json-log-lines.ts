import { parseJson, toRecord } from '../../core/json.ts'

/**
 * Converts a record of Spark's structured logging to the lines that Spark's default layout would have printed
 * (spark.log.structuredLogging.enabled, Spark 4: `{"ts","level","msg","exception":{"class","msg","stacktrace"},"logger"}`,
 * common/utils/src/main/resources/org/apache/spark/SparkLayout.json); undefined if the line is not such a record.
 */
export function parseJsonLogLines(line: string): readonly string[] | undefined {
  if (!line.includes('"level":')) return undefined
  const record = toRecord(parseJson(line) ?? parseCutRecord(line))
  const { level, msg, logger, exception } = record
  if (typeof level !== 'string' || typeof msg !== 'string') return undefined
  const name = typeof logger === 'string' ? (logger.split('.').at(-1) ?? '') : ''
  const head = `00/00/00 00:00:00 ${level} ${name === '' ? 'Logger' : name}: ${msg}`
  const thrown = toRecord(exception)
  if (typeof thrown.class !== 'string') return head.split('\n')
  const detail = typeof thrown.msg === 'string' ? `: ${thrown.msg}` : ''
  return `${head}\n${thrown.class}${detail}`.split('\n')
}

/** Reads the fields before the stack trace from a truncated record. */
function parseCutRecord(line: string): unknown {
  const field = (name: string) => {
    const match = new RegExp(`"${name}":"((?:[^"\\\\]|\\\\.){0,2000})"`).exec(line)
    return match === null ? undefined : parseJson(`"${match[1]}"`)
  }
  return { level: field('level'), msg: field('msg'), logger: field('logger'), exception: { class: field('class') } }
}
