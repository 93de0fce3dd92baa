import { distance } from 'fastest-levenshtein'
import { domain, reservedAnnotations } from '../contract/pod-contract.ts'
import { formatDuration, parseDurationMs } from '../duration.ts'

/** One row of the table: all that the parser, the docs, the chart's schema and the command line know of a setting. */
export interface Setting<T> {
  /** `choice`, `duration` …: the word for the docs. */
  readonly type: 'boolean' | 'choice' | 'duration' | 'integer' | 'quantity'
  readonly default: T
  /** The right form, worded to follow "must be ". */
  readonly form: string
  readonly description: string
  /** Values that are words, for suggestions. */
  readonly words?: readonly string[]
  /** Of a whole number. */
  readonly bounds?: { readonly min: number; readonly max: number }
  /** The value of `text`, or undefined when it has not the right form. */
  parse(text: string): T | undefined
  /** The spelling that `parse` reads back as `value`. */
  format(value: T): string
}

const flag = (defaultValue: boolean, description: string): Setting<boolean> => ({
  type: 'boolean',
  default: defaultValue,
  form: 'true or false',
  description,
  words: ['true', 'false'],
  parse: (text) => (text === 'true' ? true : text === 'false' ? false : undefined),
  format: String,
})

const choice = <const T extends string>(
  values: readonly T[],
  defaultValue: NoInfer<T>,
  description: string,
): Setting<T> => ({
  type: 'choice',
  default: defaultValue,
  form: `one of ${values.join(', ')}`,
  description,
  words: values,
  parse: (text) => values.find((value) => value === text),
  format: String,
})

const integer = (defaultValue: number, min: number, max: number, description: string): Setting<number> => ({
  type: 'integer',
  default: defaultValue,
  form: `a whole number from ${min} to ${max}`,
  description,
  bounds: { min, max },
  parse: (text) => (/^\d{1,6}$/.test(text) && Number(text) >= min && Number(text) <= max ? Number(text) : undefined),
  format: String,
})

const duration = (defaultValue: string, min: string, max: string, description: string): Setting<number> => {
  const bound = (text: string): number => {
    const durationMs = parseDurationMs(text)
    if (durationMs === undefined) throw new TypeError(`not a duration: ${text}`)
    return durationMs
  }
  const [minMs, maxMs] = [bound(min), bound(max)]
  return {
    type: 'duration',
    default: bound(defaultValue),
    form: `a duration with its unit from ${min} to ${max}, such as 90s or 1h30m`,
    description,
    parse: (text) => {
      const durationMs = parseDurationMs(text)
      return durationMs !== undefined && durationMs >= minMs && durationMs <= maxMs ? durationMs : undefined
    },
    format: formatDuration,
  }
}

/** A setting that can also be switched off with one word; null is off. */
const orWord = <T>(setting: Setting<T>, word: string): Setting<T | null> => ({
  ...setting,
  default: null,
  form: `${word}, or ${setting.form}`,
  words: [word],
  parse: (text) => (text === word ? null : setting.parse(text)),
  format: (value) => (value === null ? word : setting.format(value)),
})

/** For a driver that does not start. The least is more than a node, a volume or a big image takes to come where all is well. */
const startDeadline = (description: string) => orWord(duration('1h', '10m', '30d', description), 'off')

/** An amount for the sidecar. The bound keeps a slip (10 for 10m) from making a driver that fits on no node. */
const quantity = (
  defaultValue: string,
  units: Readonly<Record<string, number>>,
  max: number,
  form: string,
  description: string,
): Setting<string> => ({
  type: 'quantity',
  default: defaultValue,
  form,
  description,
  parse: (text) => {
    const [, number, unit = ''] = /^(\d{1,10}|\d{0,2}\.\d{1,3})(\D{0,2})$/.exec(text) ?? []
    const amount = Number(number) * (units[unit] ?? Number.NaN)
    return amount > 0 && amount <= max ? text : undefined
  },
  format: String,
})
const cpu = (defaultValue: string, description: string) =>
  quantity(defaultValue, { '': 1000, m: 1 }, 4000, 'a CPU quantity up to 4, such as 10m or 0.5', description)
const binary = { Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30 } as const
const memory = (defaultValue: string, description: string) =>
  quantity(
    defaultValue,
    { '': 1, k: 1e3, M: 1e6, G: 1e9, ...binary },
    4 * binary.Gi,
    'a memory quantity up to 4Gi, such as 64Mi',
    description,
  )

/** The one table of settings. Parser, docs, chart schema and command line come from it. */
export const settings = {
  inject: flag(true, 'false leaves this application alone.'),
  restart: choice(
    ['auto', 'in-place', 'resubmit', 'observe'],
    'auto',
    'What a hung driver gets. in-place: all containers of the pod are restarted. resubmit: the pod fails, and its owner submits again. observe: a report only. auto: what the SparkApplication’s restartPolicy asks for.',
  ),
  interval: duration('5s', '1s', '10m', 'Time between two polls of the Spark UI.'),
  timeout: duration('10s', '1s', '5m', 'Deadline of one poll: connect, headers and body together.'),
  'failure-threshold': integer(
    3,
    1,
    100,
    'Failed polls in a row that make a driver hung; it also takes that many timeouts of time.',
  ),
  'startup-deadline': duration('10m', '10s', '7d', 'Time a driver may take to the first answer of its UI.'),
  'stop-deadline': duration(
    '10m',
    '10s',
    '30d',
    'Time a driver may take to exit after its UI closed; then its pod fails, since its work may be done.',
  ),
  'stall-deadline': orWord(
    duration(
      '30m',
      '10s',
      '30d',
      'Time for which jobs may be active, with executors there, without any task finishing; off: not watched.',
    ),
    'off',
  ),
  'max-restarts': integer(3, 0, 1000, 'In-place restarts within an hour; one more fails the pod instead.'),
  'restart-backoff': duration(
    '10s',
    '0s',
    '1h',
    'Least time between two in-place restarts; doubles with each, up to 5m or to itself when longer.',
  ),
  'pending-deadline': startDeadline(
    'Time for which no node may take the driver’s pod; off: without end. Then the pod is deleted, so that its owner submits it again.',
  ),
  'image-pull-deadline': startDeadline(
    'Time for which the driver’s image may fail to be pulled; off: without end. Then the pod is deleted, so that its owner submits it again.',
  ),
  'container-creating-deadline': startDeadline(
    'Time for which the driver’s container may fail to be made, as for want of a volume; off: without end. Then the pod is deleted, so that its owner submits it again.',
  ),
  'ui-port': orWord(
    integer(4040, 1, 65535, 'Port of the Spark UI; auto: the container port named spark-ui, else 4040.'),
    'auto',
  ),
  'ui-scheme': choice(
    ['http', 'https'],
    'http',
    'Scheme of the Spark UI. A certificate is not verified: the UI is on the loopback.',
  ),
  'probe-handler': choice(
    ['exec', 'http'],
    'exec',
    'How the kubelet asks the sidecar. exec needs a shell in the driver image. http needs none, but has no liveness probe: a dead sidecar would fail it and kill a healthy driver.',
  ),
  'log-level': choice(['debug', 'info', 'warn', 'error'], 'info', 'Least level of the sidecar’s log lines.'),
  'sidecar-cpu-request': cpu('10m', 'CPU request of the sidecar.'),
  'sidecar-cpu-limit': cpu('200m', 'CPU limit of the sidecar; its request too in a pod of QoS class Guaranteed.'),
  'sidecar-memory-request': memory('64Mi', 'Memory request of the sidecar.'),
  'sidecar-memory-limit': memory(
    '128Mi',
    'Memory limit of the sidecar; its request too in a pod of QoS class Guaranteed.',
  ),
} satisfies Record<string, Setting<unknown>>

export type SettingKey = keyof typeof settings
export type SettingValues = { readonly [K in SettingKey]: (typeof settings)[K]['default'] }

export const settingKeys = Object.keys(settings) as readonly SettingKey[]

/** Where a value came from, the strongest last. */
export const settingSources = ['default', 'chart', 'application', 'pod'] as const
export type SettingSource = (typeof settingSources)[number]

/** A value that was not taken, worded for the one who wrote it. */
export interface SettingProblem {
  readonly kind: 'unknown-key' | 'bad-value'
  readonly source: Exclude<SettingSource, 'default'>
  readonly key: string
  readonly value: string
  readonly message: string
}

export interface ResolvedSettings {
  readonly values: SettingValues
  readonly sources: { readonly [K in SettingKey]: SettingSource }
  readonly problems: readonly SettingProblem[]
}

/** Values as they were written: chart values by key, annotations by `spark-nanny.io/<key>`. */
export interface WrittenSettings {
  readonly chart?: Readonly<Record<string, string>> | undefined
  readonly application?: Readonly<Record<string, string>> | undefined
  readonly pod?: Readonly<Record<string, string>> | undefined
}

/**
 * Every setting's value and where it came from: pod over application over chart over default. A bad value or an
 * unknown key never fails: the next weaker source holds, and a problem names the key, the value and the right form.
 */
export function resolveSettings(written: WrittenSettings): ResolvedSettings {
  const values: Record<string, unknown> = {}
  const sources: Record<string, SettingSource> = {}
  const problems: SettingProblem[] = []
  for (const key of settingKeys) {
    values[key] = settings[key].default
    sources[key] = 'default'
  }
  for (const source of ['chart', 'application', 'pod'] as const) {
    const prefix = source === 'chart' ? '' : `${domain}/`
    for (const [name, value] of Object.entries(written[source] ?? {})) {
      if (!name.startsWith(prefix) || reservedAnnotations.includes(name)) continue
      const key = name.slice(prefix.length)
      if (!isSettingKey(key)) {
        problems.push({ kind: 'unknown-key', source, key: name, value, message: unknownKeyMessage(prefix, key) })
        continue
      }
      const parsed = settings[key].parse(value.trim())
      if (parsed === undefined) {
        const kept = settingOf(key).format(values[key])
        const message = `${name}: ${JSON.stringify(value)} must be ${settings[key].form}; ${kept} is used${suggestion(key, value)}`
        problems.push({ kind: 'bad-value', source, key: name, value, message })
        continue
      }
      values[key] = parsed
      sources[key] = source
    }
  }
  return { values: values as SettingValues, sources: sources as ResolvedSettings['sources'], problems }
}

/** The spelling of one setting's value. */
export function formatSetting<K extends SettingKey>(key: K, value: SettingValues[K]): string {
  return settingOf(key).format(value)
}

/** The row of `key`, for code that handles all rows alike. */
function settingOf(key: SettingKey): Setting<unknown> {
  return settings[key]
}

function isSettingKey(key: string): key is SettingKey {
  return Object.hasOwn(settings, key)
}

/** The value that was probably meant: a number without its unit, a slip in a word. */
function suggestion(key: SettingKey, value: string): string {
  const { type, words = [], parse } = settingOf(key)
  const text = value.trim()
  const meant = type === 'duration' && parse(`${text}s`) !== undefined ? `${text}s` : findNearestSpelling(text, words)
  return meant === undefined ? '' : `; did you mean ${meant}?`
}

function unknownKeyMessage(prefix: string, key: string): string {
  const nearest = findNearestSpelling(key, settingKeys)
  return `${prefix}${key} is not a setting${nearest === undefined ? '' : `; did you mean ${prefix}${nearest}?`}`
}

/** The candidate that differs least from `word`, if it differs little enough to be a slip of the hand. */
export function findNearestSpelling(word: string, candidates: readonly string[]): string | undefined {
  if (candidates.length === 0) return undefined
  const lower = word.toLowerCase().replaceAll('_', '-')
  const ranked = candidates.map((candidate) => ({ candidate, edits: distance(lower, candidate) }))
  const best = ranked.reduce((a, b) => (b.edits < a.edits ? b : a))
  return best.edits <= Math.max(2, Math.floor(best.candidate.length / 3)) ? best.candidate : undefined
}
