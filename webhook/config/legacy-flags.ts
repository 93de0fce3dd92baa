import type { ConfigProblem, Environment } from './config.ts'

interface Flag {
  readonly flag: boolean
  /** Worded to follow "must be ". */
  readonly form: string
  /** The variables that it stands for; undefined when the value has not the right form. */
  variables(value: string): Environment | undefined
}

const seconds = (name: string): Flag => ({
  flag: false,
  form: 'a number of seconds',
  variables: (value) => (/^[1-9]\d{0,5}$/.test(value) ? { [name]: `${value}s` } : undefined),
})
const text = (name: string): Flag => ({ flag: false, form: 'a text', variables: (value) => ({ [name]: value }) })
const flag = (on: Environment): Flag => ({
  flag: true,
  form: 'true or false',
  variables: (value) => (/^(1|t|true)$/i.test(value) ? on : /^(0|f|false)$/i.test(value) ? {} : undefined),
})

/** The flags of the spark-nanny before this one (bringg/spark-nanny, main.go), so that its users need not change them. */
const flags: Readonly<Record<string, Flag>> = {
  apps: text('SPARK_NANNY_APPS'),
  namespace: text('SPARK_NANNY_APPS_NAMESPACE'),
  interval: seconds('SPARK_NANNY_FALLBACK_INTERVAL'),
  timeout: seconds('SPARK_NANNY_FALLBACK_TIMEOUT'),
  'dry-run': flag({ SPARK_NANNY_DRY_RUN: 'true' }),
  debug: flag({ SPARK_NANNY_LOG_LEVEL: 'debug' }),
  'listen-address': {
    flag: false,
    form: 'a port after a colon, such as :9164; all addresses are listened on',
    variables: (value) => {
      const port = /^(?:0\.0\.0\.0|\[::\])?:(\d{1,5})$/.exec(value)?.[1]
      return port === undefined ? undefined : { SPARK_NANNY_METRICS_PORT: port }
    },
  },
}

/**
 * The variables that the arguments of the process stand for, over those of its environment, or all that is wrong with
 * them. One dash or two, the value after `=` or as the next argument, as Go's flag package reads them.
 */
export function parseLegacyFlags(
  argv: readonly string[],
): { readonly env: Environment } | { readonly problems: readonly ConfigProblem[] } {
  let env: Environment = {}
  const problems: ConfigProblem[] = []
  for (let index = 0; index < argv.length; index += 1) {
    const argument = argv[index] ?? ''
    const [, name = '', given] = /^--?([^=]+)(?:=(.*))?$/s.exec(argument) ?? []
    const known = Object.hasOwn(flags, name) ? flags[name] : undefined
    if (known === undefined) {
      const form = `one of ${Object.keys(flags)
        .map((key) => `--${key}`)
        .join(', ')}`
      problems.push({ key: 'argument', value: argument, form })
      continue
    }
    const isNext = given === undefined && !known.flag
    if (isNext) index += 1
    const value = isNext ? argv[index] : (given ?? 'true')
    const variables = value === undefined ? undefined : known.variables(value)
    if (variables === undefined) problems.push({ key: `--${name}`, value, form: known.form })
    else env = { ...env, ...variables }
  }
  return problems.length === 0 ? { env } : { problems }
}
