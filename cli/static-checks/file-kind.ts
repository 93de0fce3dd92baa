import type { SparkVersion } from '../spark-conf/spark-version.ts'
import { findSubmitCommands, type SubmitCommand } from '../spark-conf/submit-command.ts'
import { findTemplateSign } from './template-signs.ts'

/** What a file is, as its whole text shows. */
export type FileKind =
  | { readonly kind: 'manifest' }
  /** A text that another program has to fill in first. */
  | { readonly kind: 'template'; readonly sign: string; readonly line: number }
  | { readonly kind: 'submission'; readonly commands: readonly SubmitCommand[] }
  | { readonly kind: 'properties' }
  /** `what` it seems to be, and `found` that it has no settings: two clauses for a message. */
  | { readonly kind: 'other'; readonly what: string; readonly found: string }

export function recogniseFile(text: string, name: string, version: SparkVersion | undefined): FileKind {
  const isScript = /^\uFEFF?\s*#!/.test(text)
  if (!isScript && isManifest(text)) return { kind: 'manifest' }
  const commands = findSubmitCommands(text, name, version)
  if (commands.length > 0) return { kind: 'submission', commands }
  if (!isScript && hasSettings(text, name)) {
    const sign = findTemplateSign(text)
    return sign === undefined ? { kind: 'properties' } : { kind: 'template', ...sign }
  }
  return { kind: 'other', ...describeOther(text, isScript) }
}

const isManifest = (text: string) => /^\uFEFF?\s*[[{]/.test(text) || /^(- )?"?(apiVersion|kind)"?[ \t]*:/m.test(text)

/** The share of lines with a key of Spark from which a file of another name counts as settings. Values of Helm have few. */
const leastShare = 1 / 3

/** A key without a value, above deeper lines: YAML, such as the values of a Helm chart. Files of settings have no levels. */
const nested = /^[\w-]{1,100}:[ \t]*\r?\n[ \t]+\S/m

/** Whether the lines set keys of Spark, as in spark-defaults.conf. */
function hasSettings(text: string, name: string): boolean {
  if (nested.test(text)) return false
  const lines = text.split('\n').filter((line) => /^\s*[^\s#!]/.test(line))
  const settings = lines.filter((line) => /^[ \t]*spark\.[\w.-]+[ \t]*[=:\s][ \t]*\S/.test(line))
  const least = /\.(conf|properties)$/i.test(name) ? 1 : Math.max(1, lines.length * leastShare)
  return settings.length >= least
}

function describeOther(text: string, isScript: boolean): { readonly what: string; readonly found: string } {
  if (text.trim() === '') return { what: 'is empty', found: '' }
  if (/^\s*(FROM|ARG)\s+\S+/im.test(text) && /^\s*(RUN|COPY|ENTRYPOINT|CMD)\s/m.test(text)) {
    return { what: 'is a Dockerfile', found: 'without a call of spark-submit' }
  }
  const mentions = /spark-submit/.test(text)
  if (!isScript && /^(from [\w.]{1,200} import |import \w)/m.test(text)) {
    return { what: 'is a Python program', found: 'from which no settings are read' }
  }
  if (isScript || /^\s*(export|set|if|for|function)\b/m.test(text)) {
    const found = mentions
      ? 'in which no command calls spark-submit with options of its own'
      : 'without a call of spark-submit'
    return { what: 'is a script', found }
  }
  if (nested.test(text)) return { what: 'is YAML without a SparkApplication', found: 'such as the values of a chart' }
  if (mentions) {
    return { what: 'mentions spark-submit', found: 'but not in a command of a POSIX shell that could be read' }
  }
  return { what: 'contains no SparkApplication', found: 'no line that sets a spark.* key, and no call of spark-submit' }
}
