import { distance } from 'fastest-levenshtein'
import { domain, reservedAnnotations } from '../contract/pod-contract.ts'
import { formatDuration, parseDurationMs } from '../duration.ts'
import { cutText, showValue } from '../json.ts'

/** One row of the table from which the parser, the docs, the chart's schema and the command line are derived. */
export interface Setting<T> {
  /** The name of the type in the docs. */
  readonly type: 'boolean' | 'choice' | 'duration' | 'integer' | 'quantity'
  readonly default: T
  /** The right form, worded to follow "must be ". */
  readonly form: string
  readonly description: string
  /** The values that are words, for suggestions. */
  readonly words?: readonly string[]
  /** Only of a whole number. */
  readonly bounds?: { readonly min: number; readonly max: number }
  /** The value of `text`, or undefined if it does not have the right form. */
  parse(text: string): T | undefined
  /** The text that `parse` reads as `value`. */
  format(value: T): string
}

const booleans: Readonly<Record<string, boolean>> = { true: true, false: false }

const flag = (defaultValue: boolean, description: string): Setting<boolean> => ({
  type: 'boolean',
  default: defaultValue,
  form: 'true or false',
  description,
  words: Object.keys(booleans),
  parse: (text) => (Object.hasOwn(booleans, text) ? booleans[text] : undefined),
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

/** A setting that also accepts one word, such as `off`, which is null as a value. */
const orWord = <T>(setting: Setting<T>, word: string, defaultValue: T | null = null): Setting<T | null> => ({
  ...setting,
  default: defaultValue,
  form: `${word}, or ${setting.form}`,
  words: [word],
  parse: (text) => (text === word ? null : setting.parse(text)),
  format: (value) => (value === null ? word : setting.format(value)),
})

/** A deadline that can be switched off, and that is on by default. */
const onByDefault = (setting: Setting<number>) => orWord(setting, 'off', setting.default)

/** A deadline for a driver that does not start. The minimum is longer than a new node, a volume or a large image takes in a healthy cluster. */
const startDeadline = (description: string) => orWord(duration('1h', '10m', '30d', description), 'off')

/** An amount for the sidecar. Without the maximum, a slip (10 instead of 10m) could make a driver that fits on no node. */
const quantity = (
  defaultValue: string,
  units: Readonly<Record<string, number>>,
  { min, max }: { readonly min: number; readonly max: number },
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
    return amount > 0 && amount >= min && amount <= max ? text : undefined
  },
  format: String,
})
const cpu = (defaultValue: string, description: string) =>
  quantity(
    defaultValue,
    { '': 1000, m: 1 },
    { min: 0, max: 4000 },
    'a CPU quantity up to 4, such as 10m or 0.5',
    description,
  )
/** With less CPU, the sidecar is throttled so often that it cannot tell its own slowness from the driver's. */
const cpuLimit = (defaultValue: string, description: string) =>
  quantity(
    defaultValue,
    { '': 1000, m: 1 },
    { min: 50, max: 4000 },
    'a CPU quantity from 50m to 4, such as 100m or 0.5',
    description,
  )
const binary = { Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30 } as const
const memory = (defaultValue: string, description: string) =>
  quantity(
    defaultValue,
    { '': 1, k: 1e3, M: 1e6, G: 1e9, ...binary },
    { min: 0, max: 4 * binary.Gi },
    'a memory quantity up to 4Gi, such as 64Mi',
    description,
  )

/** The table of settings, the only source of the parser, the docs, the chart's schema and the command line. */
export const settings = {
  inject: flag(true, 'Whether to inject the sidecar.'),
  'apache-sidecar': flag(
    false,
    'Whether a driver of Apache’s Spark operator gets the sidecar. That operator fails the application if the sidecar ends with an error. If false, the controller judges the driver by its Spark UI, and by default only reports a hang.',
  ),
  'assume-driver': flag(
    false,
    'Whether to act on a pod that does not prove to be a cluster-mode Spark driver with its own UI. If false, such a pod is only observed. `spark-nanny inject --explain` shows what a pod proves.',
  ),
  restart: choice(
    ['auto', 'in-place', 'resubmit', 'observe'],
    'auto',
    'What happens to a hung driver. in-place: all containers of the pod are restarted, or on Kubernetes 1.35 only the driver’s. resubmit: the pod fails, and its owner submits the application again. observe: the hang is only reported. auto: according to the restartPolicy of the SparkApplication.',
  ),
  'act-on': choice(
    ['certain', 'likely', 'nothing'],
    'certain',
    'On which verdicts spark-nanny acts. certain: no healthy driver looks like this. likely: also if a healthy driver may look like this, though it rarely does. nothing: every hang is only reported.',
  ),
  interval: duration('5s', '1s', '10m', 'How long to wait between two polls of the Spark UI.'),
  timeout: duration('10s', '3s', '5m', 'How long one poll may take, from connecting to the end of the response.'),
  'failure-threshold': integer(
    2,
    2,
    100,
    'Number of consecutive polls that must fail before a driver that does not answer is considered hung. The deadlines must have passed as well.',
  ),
  'frozen-deadline': duration(
    '20s',
    '10s',
    '7d',
    'How long a driver may give no answer while its JVM is stopped or uses no CPU time at all. After that, the driver is frozen.',
  ),
  'unresponsive-deadline': duration(
    '2m',
    '10s',
    '7d',
    'How long a driver may give no answer if nothing is known about its processes, for example because its image has no shell.',
  ),
  'busy-deadline': duration(
    '5m',
    '30s',
    '7d',
    'How long a driver may give no answer while its JVM uses CPU time or is throttled. A long garbage collection or heap dump is shorter.',
  ),
  'startup-deadline': duration('10m', '10s', '7d', 'How long the driver may take until its UI first responds.'),
  'stop-deadline': duration(
    '10m',
    '10s',
    '30d',
    'How long the driver may take to exit after its UI has closed, and without using the CPU. After that, the driver’s pod fails, because the work may be done. Raise the deadline if the program waits for work elsewhere.',
  ),
  'thread-dump-interval': duration(
    '30s',
    '10s',
    '10m',
    'Time between the two thread dumps that confirm a deadlock or a dead scheduler. Only a driver that shows signs of a hang is asked for them.',
  ),
  'query-ended-deadline': onByDefault(
    duration(
      '2m',
      '30s',
      '7d',
      'How long the application may continue after one of its streaming queries has failed. If `off`, failed queries are not detected.',
    ),
  ),
  'streaming-stall-deadline': onByDefault(
    duration(
      '15m',
      '1m',
      '7d',
      'How long a streaming query may make no progress on the same batch, with executors available. If `off`, such queries are not detected.',
    ),
  ),
  'no-executors-deadline': onByDefault(
    duration(
      '10m',
      '1m',
      '7d',
      'How long jobs may be active without any executor. If `off`, missing executors are not detected.',
    ),
  ),
  'stall-deadline': orWord(
    duration(
      '30m',
      '10s',
      '30d',
      'How long jobs may be active, with executors available, without a task finishing. If `off`, stalls are not detected.',
    ),
    'off',
  ),
  'max-run-time': orWord(
    duration(
      '1d',
      '1m',
      '365d',
      'How long a driver may run. After that, the driver’s pod fails, and its owner decides whether the application runs again. If `off`, there is no limit.',
    ),
    'off',
  ),
  'max-restarts': integer(
    3,
    0,
    1000,
    'Maximum number of in-place restarts within an hour. The next one fails the pod instead.',
  ),
  'restart-backoff': duration(
    '10s',
    '0s',
    '1h',
    'Minimum time between two in-place restarts. It doubles with each restart, up to 5m or its own value if that is longer.',
  ),
  'pending-deadline': startDeadline(
    'How long the driver pod may stay unscheduled before it is deleted, so that its owner submits it again. If `off`, it is never deleted.',
  ),
  'image-pull-deadline': startDeadline(
    'How long pulling the driver’s image may fail before the pod is deleted, so that its owner submits it again. If `off`, it is never deleted.',
  ),
  'container-creating-deadline': startDeadline(
    'How long the driver’s container may fail to be created before the pod is deleted, so that its owner submits it again. A missing volume is an example. If `off`, the pod is never deleted.',
  ),
  'ui-port': orWord(
    integer(4040, 1, 65535, 'Port of the Spark UI. If `auto`, it is the container port named spark-ui, else 4040.'),
    'auto',
  ),
  'ui-scheme': choice(
    ['http', 'https'],
    'http',
    'Scheme of the Spark UI. Its certificate is not verified, because the UI is polled over the loopback interface.',
  ),
  'probe-handler': choice(
    ['exec', 'http'],
    'exec',
    'How the kubelet probes the driver. exec needs a shell in the driver image. http does not, but has no liveness probe, because a dead sidecar would fail it and kill a healthy driver.',
  ),
  'log-level': choice(['debug', 'info', 'warn', 'error'], 'info', 'Log level of the sidecar.'),
  'sidecar-cpu-request': cpu(
    '10m',
    'CPU request of the sidecar. In a pod of QoS class Guaranteed it is also the limit, and at least 50m.',
  ),
  'sidecar-cpu-limit': cpuLimit(
    '200m',
    'CPU limit of the sidecar. In a pod of QoS class Guaranteed, sidecar-cpu-request is used instead.',
  ),
  'sidecar-memory-request': memory(
    '64Mi',
    'Memory request of the sidecar. In a pod of QoS class Guaranteed it is also the limit.',
  ),
  'sidecar-memory-limit': memory(
    '128Mi',
    'Memory limit of the sidecar. In a pod of QoS class Guaranteed, sidecar-memory-request is used instead.',
  ),
} satisfies Record<string, Setting<unknown>>

export type SettingKey = keyof typeof settings
export type SettingValues = { readonly [K in SettingKey]: (typeof settings)[K]['default'] }

export const settingKeys = Object.keys(settings) as readonly SettingKey[]

/** Where a value may come from. A later source overrides an earlier one. */
const settingSources = ['default', 'chart', 'application', 'pod'] as const
export type SettingSource = (typeof settingSources)[number]

/** A setting that is ignored, with a message for the user who wrote it. */
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

/** Settings as the user wrote them: chart values by key, annotations by `spark-nanny.io/<key>`. */
export interface WrittenSettings {
  readonly chart?: Readonly<Record<string, string>> | undefined
  readonly application?: Readonly<Record<string, string>> | undefined
  readonly pod?: Readonly<Record<string, string>> | undefined
}

/** No more problems are reported: a tenant could otherwise make 10,000 in one pod, each with a search for the right name. */
export const maxSettingProblems = 20
/** No value of a setting is as long. */
const maxValueLength = 256
/** The longest name after the prefix of an annotation that an API server accepts. */
const maxKeyLength = 63

/**
 * The value of every setting and its source. The pod overrides the application, which overrides the chart, which overrides
 * the default. A wrong value or an unknown key is ignored, and reported as a problem with the right form; the first
 * {@link maxSettingProblems} of them are.
 */
export function resolveSettings(written: WrittenSettings): ResolvedSettings {
  const resolution: Resolution = { values: {}, sources: {}, problems: [] }
  for (const key of settingKeys) {
    resolution.values[key] = settings[key].default
    resolution.sources[key] = 'default'
  }
  for (const source of ['chart', 'application', 'pod'] as const) {
    for (const [name, value] of Object.entries(written[source] ?? {})) applyWritten(resolution, source, name, value)
  }
  const { values, sources, problems } = resolution
  return { values: values as SettingValues, sources: sources as ResolvedSettings['sources'], problems }
}

/** Settings that are being resolved. Once the defaults are set, `values` and `sources` have every key. */
interface Resolution {
  readonly values: Record<string, unknown>
  readonly sources: Record<string, SettingSource>
  readonly problems: SettingProblem[]
}

/** Overrides one setting by a written value, or records the problem with it. Other annotations are skipped. */
function applyWritten(
  { values, sources, problems }: Resolution,
  source: SettingProblem['source'],
  name: string,
  value: string,
): void {
  const prefix = source === 'chart' ? '' : `${domain}/`
  if (!name.startsWith(prefix) || reservedAnnotations.includes(name)) return
  const key = name.slice(prefix.length)
  const parsed = isSettingKey(key) && value.length <= maxValueLength ? settings[key].parse(value.trim()) : undefined
  if (isSettingKey(key) && parsed !== undefined) {
    values[key] = parsed
    sources[key] = source
  } else if (problems.length < maxSettingProblems) {
    const shown = { source, key: cutText(name, maxValueLength), value: cutText(value, maxValueLength) }
    problems.push(
      isSettingKey(key)
        ? { ...shown, kind: 'bad-value', message: `${name}: ${formatBadValue(key, value, values[key])}` }
        : { ...shown, kind: 'unknown-key', message: formatUnknownKey(prefix, key) },
    )
  }
}

function formatBadValue(key: SettingKey, value: string, kept: unknown): string {
  const { form, format } = findSetting(key)
  return `${showValue(value, maxValueLength)} must be ${form}; ${format(kept)} is used${formatSuggestion(key, value)}`
}

/** The text of one setting's value. */
export function formatSetting<K extends SettingKey>(key: K, value: SettingValues[K]): string {
  return findSetting(key).format(value)
}

/** The row of `key`, with a type that fits every row. */
function findSetting(key: SettingKey): Setting<unknown> {
  return settings[key]
}

function isSettingKey(key: string): key is SettingKey {
  return Object.hasOwn(settings, key)
}

/** A suggestion of the intended value if its unit is missing or a word is misspelt, else the empty string. */
function formatSuggestion(key: SettingKey, value: string): string {
  const { type, words = [], parse } = findSetting(key)
  if (value.length > maxValueLength) return ''
  const text = value.trim()
  const meant = type === 'duration' && parse(`${text}s`) !== undefined ? `${text}s` : findNearestSpelling(text, words)
  return meant === undefined ? '' : `; did you mean ${meant}?`
}

function formatUnknownKey(prefix: string, key: string): string {
  const nearest = findNearestSpelling(key, settingKeys)
  return `${prefix}${cutText(key, maxValueLength)} is not a setting${nearest === undefined ? '' : `; did you mean ${prefix}${nearest}?`}`
}

/**
 * The candidate with the smallest edit distance to `word`, if the distance is small enough for a misspelling. A word of more
 * than 63 characters is none: the time to compute a distance grows with the length of the word.
 */
export function findNearestSpelling(word: string, candidates: readonly string[]): string | undefined {
  if (candidates.length === 0 || word.length > maxKeyLength) return undefined
  const lower = word.toLowerCase().replaceAll('_', '-')
  const ranked = candidates.map((candidate) => ({ candidate, edits: distance(lower, candidate) }))
  const best = ranked.reduce((a, b) => (b.edits < a.edits ? b : a))
  return best.edits <= Math.max(2, Math.floor(best.candidate.length / 3)) ? best.candidate : undefined
}
