import { submitSwitches, submitValueOptions } from '../../core/spark/submit-arguments.ts'
import { type ConfBuilder, createConfBuilder, type EffectiveConf } from './effective-conf.ts'
import { detectLanguage } from './main-file.ts'
import { parseScript, type ScriptCommand, type ScriptWord } from './shell-script.ts'
import type { SparkVersion } from './spark-version.ts'

/** A call of spark-submit. */
export interface SubmitCommand {
  readonly conf: EffectiveConf
  /** Settings whose values only a run shows, because they contain a variable. They are not in `conf`. */
  readonly unresolved: ReadonlySet<string>
  /** The jar, Python or R file. Null if there is none or only a run shows it. */
  readonly mainFile: string | null
  readonly mainClass: string | null
  /** The file of `--properties-file`. Its settings are unknown. */
  readonly propertiesFile: string | null
  /** What else a run adds, such as `"$@"`. */
  readonly opaque: readonly string[]
  /** Options that spark-submit does not have. */
  readonly unknownOptions: readonly ScriptWord[]
  /** What follows the main file. */
  readonly applicationArguments: readonly ScriptWord[]
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

/** Options with which spark-submit runs no application. */
const otherActions = new Set(['--kill', '--status', '--version', '--help', '-h', '--usage-error'])

/** The calls of spark-submit in a script, or in text that consists of its options only. */
export function findSubmitCommands(
  text: string,
  name: string,
  sparkVersion: SparkVersion | undefined,
): readonly SubmitCommand[] {
  const found = parseScript(text).flatMap((command) => findArguments(command, 0))
  const calls = found.length === 0 && /^\s*(--?[a-z]|\\\r?\n)/.test(text) ? parseScript(text).slice(0, 1) : found
  return parseCalls(calls, name, sparkVersion)
}

/** The calls of spark-submit by a command whose words are known, such as that of a container. */
export function findSubmitCalls(
  command: ScriptCommand,
  name: string,
  sparkVersion: SparkVersion | undefined,
): readonly SubmitCommand[] {
  return parseCalls(findArguments(command, 0), name, sparkVersion)
}

function parseCalls(
  calls: readonly ScriptCommand[],
  name: string,
  sparkVersion: SparkVersion | undefined,
): readonly SubmitCommand[] {
  return calls
    .filter((words) => !words.some((word) => otherActions.has(word.text)))
    .map((words) => parseSubmit(words, name, sparkVersion))
    .filter((command) => !isPassedOn(command))
}

/** Settings of an entrypoint, such as the one in Spark's image. */
const entrypointKeys = ['spark.submit.deployMode', 'spark.driver.bindAddress', 'spark.executorEnv.SPARK_DRIVER_POD_IP']

/** Whether the script only passes on its own arguments, and has no settings itself. */
function isPassedOn({ conf, mainFile, propertiesFile, opaque }: SubmitCommand): boolean {
  const hasSettings = [...conf.entries.keys()].some((key) => !entrypointKeys.includes(key))
  return opaque.length > 0 && mainFile === null && propertiesFile === null && !hasSettings
}

/** Commands that print or look up their arguments. */
const notCalled = /^(echo|printf|which|type|hash|alias|command|man)$/

/** The arguments of each spark-submit that the command calls, also through `sh -c`. */
function findArguments(command: ScriptCommand, depth: number): readonly ScriptCommand[] {
  if (notCalled.test(command[0]?.text ?? '')) return []
  const at = command.findIndex(({ text }) => /(^|\/)spark-submit(\.sh|\.cmd)?$/.test(text))
  if (at >= 0) return isArgument(command[at + 1]) ? [command.slice(at + 1)] : []
  const [script] = command.filter((_, index) => /^-\w*c$/.test(command[index - 1]?.text ?? ''))
  if (script === undefined || depth > 2) return []
  const inner = parseScript(script.text).map((words) =>
    words.map((word) => ({ ...word, line: word.line + script.line - 1, isKnown: !word.text.includes('${') })),
  )
  return inner.flatMap((words) => findArguments(words, depth + 1))
}

const isArgument = (word: ScriptWord | undefined) =>
  word !== undefined && (word.text.startsWith('-') || !word.isKnown || /\.(jar|py|R)$/i.test(word.text))

interface Place {
  readonly source: string
  readonly line: number
  readonly field?: string
}

/** What the options say so far. */
interface Options {
  readonly source: string
  readonly builder: ConfBuilder
  readonly unresolved: Set<string>
  readonly values: Map<string, string>
  readonly opaque: string[]
  readonly unknown: ScriptWord[]
}

function parseSubmit(words: ScriptCommand, source: string, sparkVersion: SparkVersion | undefined): SubmitCommand {
  const options: Options = {
    source,
    builder: createConfBuilder(),
    unresolved: new Set(),
    values: new Map(),
    opaque: [],
    unknown: [],
  }
  let at = 0
  for (let count = readOption(options, words, at); count > 0; count = readOption(options, words, at)) at += count
  const main = words[at]
  const mainFile = main?.isKnown === true ? main.text : null
  return {
    conf: options.builder.build(detectLanguage(mainFile ?? undefined), sparkVersion),
    unresolved: options.unresolved,
    mainFile,
    mainClass: options.values.get('--class') ?? null,
    propertiesFile: options.values.get('--properties-file') ?? null,
    opaque: options.opaque,
    unknownOptions: options.unknown,
    applicationArguments: words.slice(at + 1),
  }
}

/** Reads the option at `at`, and returns the number of its words. 0 at the main file. */
function readOption(options: Options, words: ScriptCommand, at: number): number {
  const word = words[at]
  if (word === undefined) return 0
  if (!word.text.startsWith('-')) {
    if (word.isKnown || !isOpaque(word)) return 0
    options.opaque.push(word.text)
    return 1
  }
  const { flag, attached } = splitOption(word)
  if (submitSwitches.has(flag)) return 1
  const next = words[at + 1]
  if (!submitValueOptions.has(flag)) {
    if (word.isKnown) options.unknown.push(word)
    // An option of a newer Spark probably has a value.
    return attached === undefined && next !== undefined && !next.text.startsWith('-') ? 2 : 1
  }
  const value = attached ?? next
  if (value !== undefined) setOption(options, flag, value, value.line)
  return attached === undefined ? 2 : 1
}

/** Whether an unknown word may be options: `"$@"`, `${SPARK_OPTS}`. Others are taken for the main file. */
const isOpaque = ({ text }: ScriptWord) =>
  /^\$[@*]$|^\$\{…\}$|\$\{?\w*(opt|arg|conf|flag|param|package|jars)/i.test(text)

/** `--conf=a=b` is an option with its value. */
function splitOption(word: ScriptWord): { readonly flag: string; readonly attached: ScriptWord | undefined } {
  const [, flag, value] = /^(--[\w-]+)=([\s\S]*)$/.exec(word.text) ?? []
  return { flag: flag ?? word.text, attached: value === undefined ? undefined : { ...word, text: value } }
}

function setOption(options: Options, flag: string, value: ScriptWord, line: number): void {
  const { source } = options
  if (flag === '--conf' || flag === '-c') {
    const [, key = '', text = ''] = /^([^=]*)=?([\s\S]*)$/.exec(value.text) ?? []
    // The key itself may be a variable.
    if (!key.includes('$')) setConf(options, key, { ...value, text }, { source, line })
    return
  }
  const key = flagKeys[flag]
  if (key === undefined) options.values.set(flag, value.text)
  else setConf(options, key, value, { source, line, field: flag })
}

function setConf({ builder, unresolved }: Options, key: string, { text, isKnown }: ScriptWord, place: Place): void {
  if (isKnown) builder.set(key, text, place)
  else unresolved.add(key)
}
