/** What the arguments of spark-submit say about the driver. What follows the primary resource belongs to the application. */
export interface SubmitArguments {
  /** The properties of the command line. The last value of a key counts. An option such as `--driver-java-options` precedes `--conf`. */
  readonly conf: ReadonlyMap<string, string>
  /** The value of `--properties-file`. Without it, spark-submit reads `spark-defaults.conf` of its configuration folder. */
  readonly propertiesFile: string | null
  /** `--load-spark-defaults` (Spark 4): spark-submit reads `spark-defaults.conf` although there is a properties file. */
  readonly loadsDefaults: boolean
  /** Null if no option names it; then it is `client`. */
  readonly deployMode: string | null
  readonly mainClass: string | null
  /** The first argument that is not an option, such as a jar or a Python file. Null if there is none. */
  readonly primaryResource: string | null
  /** Whether these arguments run an application. `--kill`, `--status`, `--version` and `--help` do not. */
  readonly runsApplication: boolean
}

/**
 * The options of SparkSubmitOptionParser that take a value, of Spark 3.3 to 4.1. An option of a newer Spark is not known and
 * ends the options, as it does in an older Spark.
 */
export const submitValueOptions: ReadonlySet<string> = new Set([
  '--archives',
  '--class',
  '--conf',
  '-c',
  '--deploy-mode',
  '--driver-class-path',
  '--driver-cores',
  '--driver-java-options',
  '--driver-library-path',
  '--driver-memory',
  '--exclude-packages',
  '--executor-cores',
  '--executor-memory',
  '--files',
  '--jars',
  '--keytab',
  '--kill',
  '--master',
  '--name',
  '--num-executors',
  '--packages',
  '--principal',
  '--properties-file',
  '--proxy-user',
  '--py-files',
  '--queue',
  '--remote',
  '--repositories',
  '--status',
  '--total-executor-cores',
])

/** Its options without a value. */
export const submitSwitches: ReadonlySet<string> = new Set([
  '--help',
  '-h',
  '--load-spark-defaults',
  '--supervise',
  '--usage-error',
  '--verbose',
  '-v',
  '--version',
])

/** Instead of an application, these print something or ask a cluster (SparkSubmitArguments.handle). */
const otherActions: readonly string[] = ['--kill', '--status', '--version', '--help', '-h', '--usage-error']

/**
 * Parses the arguments as `SparkSubmitOptionParser.parse` does: an option and its value are two arguments, or one with `=`;
 * the first argument that is not an option is the primary resource, and ends the options.
 */
export function parseSubmitArguments(args: readonly string[]): SubmitArguments {
  const options = new Map<string, string>()
  const conf = new Map<string, string>()
  const end = readOptions(args, (name, value) => {
    if (name === '--conf' || name === '-c') setProperty(conf, value)
    else options.set(name, value)
  })
  const javaOptions = options.get('--driver-java-options')
  if (javaOptions !== undefined) conf.set('spark.driver.extraJavaOptions', javaOptions)
  return {
    conf,
    propertiesFile: options.get('--properties-file') ?? null,
    loadsDefaults: options.has('--load-spark-defaults'),
    deployMode: options.get('--deploy-mode') ?? conf.get('spark.submit.deployMode') ?? null,
    mainClass: options.get('--class') ?? null,
    primaryResource: args[end] ?? null,
    runsApplication: !otherActions.some((name) => options.has(name)),
  }
}

/** Passes each option to `handle`, with an empty value if it is a switch, and returns the index after the last one. */
function readOptions(args: readonly string[], handle: (name: string, value: string) => void): number {
  let index = 0
  while (index < args.length) {
    const arg = args[index] ?? ''
    const [, joinedName, joinedValue] = /^(--[^=]+)=([\s\S]+)$/.exec(arg) ?? []
    const name = joinedName ?? arg
    const takesValue = submitValueOptions.has(name)
    // As in Spark, a switch with a value is not an option.
    if (!takesValue && !submitSwitches.has(arg)) break
    const isSeparate = takesValue && joinedValue === undefined
    handle(name, isSeparate ? (args[index + 1] ?? '') : (joinedValue ?? ''))
    index += isSeparate ? 2 : 1
  }
  return index
}

/** `key=value`. Spark rejects a property without `=`. */
function setProperty(conf: Map<string, string>, property: string): void {
  const end = property.indexOf('=')
  if (end > 0) conf.set(property.slice(0, end), property.slice(end + 1))
}
