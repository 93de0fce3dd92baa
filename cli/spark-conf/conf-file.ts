import { parseProperties } from '../../core/spark/properties.ts'
import { createConfBuilder, type EffectiveConf } from './effective-conf.ts'
import type { SparkVersion } from './spark-version.ts'

/** Parses spark-defaults.conf, or another file of Java properties: one setting per line. */
export function parseConfFile(text: string, name: string, sparkVersion: SparkVersion | undefined): EffectiveConf {
  const builder = createConfBuilder()
  const writtenLines = findWrittenLines(text)
  for (const [key, value] of parseProperties(text)) {
    const written = writtenLines.get(key) ?? []
    const last = written.at(-1)
    // If a key occurs twice, the last value applies.
    for (const { line, value: earlier } of written.slice(0, -1)) builder.set(key, earlier, { source: name, line })
    // SparkSubmit trims values that it reads from a file (Utils.getPropertiesFromFile).
    builder.set(key, value.trim(), { source: name, line: last?.line ?? null })
  }
  return builder.build('jvm', sparkVersion)
}

interface WrittenLine {
  readonly line: number
  readonly value: string
}

/** The lines that set each key, in their order. A key with escapes is not found. */
function findWrittenLines(text: string): ReadonlyMap<string, readonly WrittenLine[]> {
  const found = new Map<string, WrittenLine[]>()
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const [, key, value = ''] = /^\s*([^\s=:#!]+)[ \t]*[=:]?[ \t]*(.*)$/s.exec(line) ?? []
    if (key === undefined) continue
    const lines = found.get(key) ?? []
    lines.push({ line: index + 1, value: value.trim() })
    found.set(key, lines)
  }
  return found
}
