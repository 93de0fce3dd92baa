import { parseProperties } from '../../core/spark/properties.ts'
import { type ConfBuilder, createConfBuilder, createConfLookup, type EffectiveConf } from './effective-conf.ts'
import type { Language } from './spark-memory.ts'
import { parseImageVersion, type SparkVersion } from './spark-version.ts'

/** A configuration, and the file that a submission runs. */
export interface ConfFile {
  readonly conf: EffectiveConf
  /** The jar, Python or R file. Undefined if the file contains only settings. */
  readonly mainFile: string | undefined
}

/**
 * Parses a file for spark-submit: spark-defaults.conf (Java properties, one per line), or a command line with `--conf` and
 * other flags. The command line may start with `spark-submit`, or be in a script that runs other commands before.
 */
export function parseConfFile(text: string, name: string, sparkVersion: SparkVersion | undefined): ConfFile {
  const builder = createConfBuilder()
  const words = isCommandLine(text) ? shellWords(text) : undefined
  const mainFile = words === undefined ? readProperties(text, name, builder) : readFlags(words, name, builder)
  const language = detectLanguage(mainFile)
  const known = builder.build(language, sparkVersion)
  const image =
    createConfLookup(known)('spark.kubernetes.container.image') ??
    createConfLookup(known)('spark.kubernetes.driver.container.image')
  return { conf: builder.build(language, sparkVersion ?? parseImageVersion(image ?? '')), mainFile }
}

/** Detects the language by the file that is run, like SparkSubmit. */
export function detectLanguage(mainFile: string | undefined): Language {
  if (mainFile === undefined) return 'jvm'
  if (/\.py$|^pyspark-shell$/.test(mainFile)) return 'python'
  return /\.R$/i.test(mainFile) ? 'r' : 'jvm'
}

const isCommandLine = (text: string) => /(^|\s)(--conf|-c)[ =]|^\s*(\S*\/)?spark-submit\s/m.test(text)

function readProperties(text: string, name: string, builder: ConfBuilder): undefined {
  const writtenLines = findWrittenLines(text)
  for (const [key, value] of parseProperties(text)) {
    const written = writtenLines.get(key) ?? []
    const last = written.at(-1)
    // If a key occurs twice, the last value applies.
    for (const { line, value: earlier } of written.slice(0, -1)) builder.set(key, earlier, { source: name, line })
    // SparkSubmit trims values that it reads from a file (Utils.getPropertiesFromFile).
    builder.set(key, value.trim(), { source: name, line: last?.line ?? null })
  }
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

interface Word {
  readonly text: string
  readonly line: number
}

/** Flags of spark-submit that set a setting (SparkSubmitArguments). */
const flagKeys: Readonly<Record<string, string>> = {
  '--master': 'spark.master',
  '--deploy-mode': 'spark.submit.deployMode',
  '--name': 'spark.app.name',
  '--jars': 'spark.jars',
  '--files': 'spark.files',
  '--archives': 'spark.archives',
  '--py-files': 'spark.submit.pyFiles',
  '--packages': 'spark.jars.packages',
  '--exclude-packages': 'spark.jars.excludes',
  '--repositories': 'spark.jars.repositories',
  '--driver-memory': 'spark.driver.memory',
  '--driver-java-options': 'spark.driver.extraJavaOptions',
  '--driver-library-path': 'spark.driver.extraLibraryPath',
  '--driver-class-path': 'spark.driver.extraClassPath',
  '--driver-cores': 'spark.driver.cores',
  '--executor-memory': 'spark.executor.memory',
  '--executor-cores': 'spark.executor.cores',
  '--num-executors': 'spark.executor.instances',
  '--principal': 'spark.kerberos.principal',
  '--keytab': 'spark.kerberos.keytab',
}
const valuelessFlags = new Set(['--verbose', '-v', '--supervise', '--help', '-h', '--version', '--usage-error'])

/**
 * The index of the first word after `spark-submit`. A script may have other commands before it, such as `set -e`. One of them
 * may mention spark-submit (`command -v spark-submit`), so a `spark-submit` that is followed by a flag takes precedence.
 * Returns 0 if no word is `spark-submit`: all words are then flags.
 */
function findFirstFlag(words: readonly Word[]): number {
  const isSparkSubmit = (word: Word) => /(^|\/)spark-submit$/.test(word.text)
  const called = words.findIndex((word, index) => isSparkSubmit(word) && words[index + 1]?.text.startsWith('-'))
  return (called < 0 ? words.findIndex(isSparkSubmit) : called) + 1
}

/** Reads the flags into the builder. Returns the main file, which is the first word that is not a flag or its value. */
function readFlags(words: readonly Word[], name: string, builder: ConfBuilder): string | undefined {
  const rest = words.slice(findFirstFlag(words))
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const { text, line } = word
    if (!text.startsWith('-')) return text
    const [, flag = text, attached] = /^(--[\w-]+)=(.*)$/s.exec(text) ?? []
    if (valuelessFlags.has(flag)) continue
    setFlag(flag, attached ?? rest.shift()?.text ?? '', { source: name, line }, builder)
  }
  return undefined
}

function setFlag(
  flag: string,
  value: string,
  place: { readonly source: string; readonly line: number },
  builder: ConfBuilder,
): void {
  if (flag === '--conf' || flag === '-c') {
    const [, key = '', written = ''] = /^([^=]*)=?(.*)$/s.exec(value) ?? []
    builder.set(key, written, place)
    return
  }
  const key = flagKeys[flag]
  if (key !== undefined) builder.set(key, value, { ...place, field: flag })
}

/** Splits a command into words like a shell. Skips comments and escaped line ends. */
function shellWords(text: string): readonly Word[] {
  const words: Word[] = []
  let line = 1
  for (const match of text.matchAll(/\\\r?\n|\n|#[^\n]*|((?:[^\s"'\\]|\\[^\n]|"(?:[^"\\]|\\[\s\S])*"|'[^']*')+)|\s/g)) {
    const [whole, word] = match
    if (word !== undefined) words.push({ text: unquoted(word), line })
    line += whole.split('\n').length - 1
  }
  return words
}

function unquoted(word: string): string {
  return word.replace(
    /"((?:[^"\\]|\\[\s\S])*)"|'([^']*)'|\\([\s\S])/g,
    (_whole, double: string | undefined, single: string | undefined, escaped: string | undefined) =>
      double?.replace(/\\(["\\$`])/g, '$1') ?? single ?? escaped ?? '',
  )
}
