/** Variables of spark-nanny's environment, by their whole names. */
type Variables = Readonly<Record<string, string>>

/** Why an argument cannot be used. */
export interface FlagProblem {
  readonly key: string
  /** Undefined if the argument has no value. */
  readonly value: string | undefined
  /** The right form, worded to follow "must be ". */
  readonly form: string
}

interface Flag {
  /** Whether the flag may be written without a value, which means true. */
  readonly isBoolean: boolean
  readonly form: string
  /** The variables that the flag sets; undefined if the value does not have the right form. */
  toVariables(value: string): Variables | undefined
}

const seconds = (name: string): Flag => ({
  isBoolean: false,
  form: 'a number of seconds',
  toVariables: (value) => (/^[1-9]\d{0,5}$/.test(value) ? { [name]: `${value}s` } : undefined),
})
const text = (name: string): Flag => ({ isBoolean: false, form: 'a text', toVariables: (value) => ({ [name]: value }) })
const flag = (on: Variables): Flag => ({
  isBoolean: true,
  form: 'true or false',
  toVariables: (value) => {
    if (/^(1|t|true)$/i.test(value)) return on
    return /^(0|f|false)$/i.test(value) ? {} : undefined
  },
})

/** The flags of the predecessor (main.go of bringg/spark-nanny). Its users need not change them at once. */
const flags: Readonly<Record<string, Flag>> = {
  apps: text('SPARK_NANNY_APPS'),
  namespace: text('SPARK_NANNY_APPS_NAMESPACE'),
  interval: seconds('SPARK_NANNY_FALLBACK_INTERVAL'),
  timeout: seconds('SPARK_NANNY_FALLBACK_TIMEOUT'),
  'dry-run': flag({ SPARK_NANNY_DRY_RUN: 'true' }),
  debug: flag({ SPARK_NANNY_LOG_LEVEL: 'debug' }),
  'listen-address': {
    isBoolean: false,
    form: 'a port after a colon, such as :9164, without an address',
    toVariables: (value) => {
      const port = /^(?:0\.0\.0\.0|\[::\])?:(\d{1,5})$/.exec(value)?.[1]
      return port === undefined ? undefined : { SPARK_NANNY_METRICS_PORT: port }
    },
  },
}

/**
 * The environment variables that the arguments of the process set, or every problem with the arguments. As in Go's flag
 * package, a flag has one dash or two, and its value follows `=` or is the next argument.
 */
export function parseLegacyFlags(
  argv: readonly string[],
): { readonly env: Variables } | { readonly problems: readonly FlagProblem[] } {
  let env: Variables = {}
  const problems: FlagProblem[] = []
  let index = 0
  while (index < argv.length) {
    const { count, ...parsed } = parseFlag(argv[index] ?? '', argv[index + 1])
    if (parsed.kind === 'variables') env = { ...env, ...parsed.variables }
    else problems.push(parsed.problem)
    index += count
  }
  return problems.length === 0 ? { env } : { problems }
}

/** The result for one flag. `count`: the number of arguments that belong to it. */
type ParsedFlag =
  | { readonly kind: 'variables'; readonly count: number; readonly variables: Variables }
  | { readonly kind: 'problem'; readonly count: number; readonly problem: FlagProblem }

function parseFlag(argument: string, next: string | undefined): ParsedFlag {
  const [, name = '', written] = /^--?([^=]+)(?:=(.*))?$/s.exec(argument) ?? []
  const known = Object.hasOwn(flags, name) ? flags[name] : undefined
  if (known === undefined) {
    const names = Object.keys(flags).map((key) => `--${key}`)
    const problem = { key: 'argument', value: argument, form: `one of ${names.join(', ')}` }
    return { kind: 'problem', count: 1, problem }
  }
  const isNext = written === undefined && !known.isBoolean
  const count = isNext ? 2 : 1
  const value = isNext ? next : (written ?? 'true')
  const variables = value === undefined ? undefined : known.toVariables(value)
  if (variables !== undefined) return { kind: 'variables', count, variables }
  return { kind: 'problem', count, problem: { key: `--${name}`, value, form: known.form } }
}
