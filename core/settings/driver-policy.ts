import { isRecord, parseJson } from '../json.ts'
import { type DeadlineField, type Deadlines, deadlineFields, deadlineNames } from './deadlines.ts'
import type { SettingSource } from './settings.ts'

/** The sidecar's configuration: the settings resolved for one pod. Times are in milliseconds. */
export interface DriverPolicy extends Deadlines {
  /** The application id that Spark chose. After an in-place restart, the driver's id has a suffix: `-2`, `-3`, … */
  readonly applicationId: string | null
  readonly ui: UiEndpoint
  readonly intervalMs: number
  /** On which verdicts spark-nanny acts. */
  readonly actOn: 'certain' | 'likely' | 'nothing'
  readonly onHung: HungPolicy
  /** 0: the sidecar serves nothing, because with hostNetwork another driver on the node may use its port. */
  readonly statusPort: number
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error'
  /**
   * Whether a probe of spark-nanny shows that the driver container runs: with exec by writing `processes`, with http by
   * requesting /startedz or /readyz. Until then the startup deadline does not start, even if the driver's image is pulled for long.
   * If false or absent, the deadline starts with the sidecar.
   */
  readonly startupProbeTells?: boolean
  /**
   * The key that a request of /startedz or /readyz must have to count as the kubelet's. Anyone who reaches the pod can request
   * them, but only who may read the pod knows it. With exec probes the kubelet does not send it, and no request counts. If
   * absent, each request counts.
   */
  readonly probeKey?: string
  /** Whether the kubelet restarts a driver container that fails: the pod's restartPolicy is OnFailure or Always. */
  readonly kubeletRestarts?: boolean
  /** How long the kubelet waits for a container to end before it kills it. Absent: Kubernetes' default, 30 s. */
  readonly gracePeriodMs?: number
  /** Whether the pod uses the network of its node: then only a UI that lists the application belongs to this driver. */
  readonly hostNetwork?: boolean
  /** Whether the pod shows that a debugger can attach to the driver: a breakpoint may suspend all its threads for hours. */
  readonly debugAgent?: boolean
  /** The properties of the driver's arguments that decide where its UI is. They take precedence over those of its files. */
  readonly uiProperties?: Readonly<Record<string, string>>
  /**
   * The properties files that the driver reads, as names in the shared configuration folder. The first takes precedence. If
   * absent, it is `spark.properties`.
   */
  readonly propertiesFiles?: readonly string[]
  /** For /status: the text and the source of each setting. */
  readonly settings: Readonly<Record<string, { readonly value: string; readonly source: SettingSource }>>
}

export interface UiEndpoint {
  readonly scheme: 'http' | 'https'
  readonly port: number
}

/** What the sidecar does about a hung driver. */
export type HungPolicy =
  /** Exit 88: the pod's restart rule restarts all containers (Kubernetes ≥ 1.36). After the budget is spent, as `fail-pod`. */
  | { readonly kind: 'restart-all-containers'; readonly budget: RestartBudget }
  /**
   * The probe ends the JVM with exit code 142, at which a rule restarts the driver container and nothing else does
   * (Kubernetes ≥ 1.35). After the budget is spent, as `fail-pod`.
   */
  | { readonly kind: 'restart-by-exit-code'; readonly budget: RestartBudget }
  /** The verdict fails liveness in a pod with restartPolicy OnFailure, so that the kubelet restarts the driver container. */
  | { readonly kind: 'restart-driver-container'; readonly budget: RestartBudget }
  /** The verdict fails liveness in a pod with restartPolicy Never, so that the pod fails. Its owner may submit it again. */
  | { readonly kind: 'fail-pod'; readonly budget: null }
  /** The hang is only reported. */
  | { readonly kind: 'observe'; readonly budget: null }

/**
 * How often a driver may be restarted in place. If `windowMs` is null, the whole life of the pod counts. If `maxRestarts` is
 * null, there is no maximum, only the backoff.
 */
export interface RestartBudget {
  readonly maxRestarts: number | null
  readonly windowMs: number | null
  readonly backoffMs: number
}

/** The text of the policy in the sidecar's environment variable. */
export function encodePolicy(policy: DriverPolicy): string {
  return JSON.stringify({ ...policy, settings: encodeSettings(policy.settings) })
}

const encodedSettings = new WeakMap<DriverPolicy['settings'], string>()

/**
 * `timeout=10s stall-deadline=30m@pod …`. In a patch the policy takes 860 bytes instead of 1761, because no quote is escaped.
 * Encoding a policy takes 0.5 µs if its settings were encoded before, else 7 µs.
 */
function encodeSettings(settings: DriverPolicy['settings']): string {
  let text = encodedSettings.get(settings) ?? ''
  if (text !== '') return text
  for (const key in settings) {
    const { value = '', source = 'default' } = settings[key] ?? {}
    text += `${text === '' ? '' : ' '}${key}=${value}${source === 'default' ? '' : `@${source}`}`
  }
  encodedSettings.set(settings, text)
  return text
}

function decodeSettings(text: string): Readonly<Record<string, { value: string; source: string }>> {
  const entries = text.split(' ').map((word) => /^([^=]+)=([^@]*)(?:@(\w+))?$/.exec(word) ?? [])
  return Object.fromEntries(
    entries.flatMap(([, key, value = '', source = 'default']) => (key === undefined ? [] : [[key, { value, source }]])),
  )
}

/** Parses the text of {@link encodePolicy}, or describes the problem: a sidecar without a policy must do nothing. */
export function decodePolicy(
  text: string | undefined,
): { readonly policy: DriverPolicy } | { readonly problem: string } {
  if (text === undefined || text === '') return { problem: 'is not set' }
  let value = parseJson(text)
  if (value === undefined) return { problem: 'is not JSON' }
  if (isRecord(value) && typeof value.settings === 'string') {
    value = { ...value, settings: decodeSettings(value.settings) }
  }
  const problem = findPolicyProblem(value)
  return problem === undefined ? { policy: value as DriverPolicy } : { problem }
}

const isOneOf = (words: readonly string[], value: unknown) => typeof value === 'string' && words.includes(value)
const isOptionalFlag = (value: unknown) => value === undefined || typeof value === 'boolean'
const isPositive = (value: unknown) => typeof value === 'number' && Number.isFinite(value) && value > 0
const isDeadline = (field: DeadlineField, value: unknown) =>
  isPositive(value) || (value === null && deadlineFields[field].canBeOff)
/** The name of a file, which cannot lead out of its folder. */
const isFileName = (value: unknown) =>
  typeof value === 'string' && /^[\w.-]{1,253}$/.test(value) && !/^\.+$/.test(value)
const isPort = (value: unknown) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 65535

const fieldChecks: Readonly<Record<Exclude<keyof DriverPolicy, DeadlineField>, (value: unknown) => boolean>> = {
  applicationId: (value) => value === null || typeof value === 'string',
  ui: (value) =>
    isRecord(value) && isPort(value.port) && value.port !== 0 && (value.scheme === 'http' || value.scheme === 'https'),
  intervalMs: isPositive,
  actOn: (value) => isOneOf(['certain', 'likely', 'nothing'], value),
  onHung: isHungPolicy,
  statusPort: isPort,
  logLevel: (value) => isOneOf(['debug', 'info', 'warn', 'error'], value),
  startupProbeTells: isOptionalFlag,
  probeKey: (value) => value === undefined || typeof value === 'string',
  kubeletRestarts: isOptionalFlag,
  gracePeriodMs: (value) => value === undefined || value === 0 || isPositive(value),
  hostNetwork: isOptionalFlag,
  debugAgent: isOptionalFlag,
  uiProperties: (value) =>
    value === undefined || (isRecord(value) && Object.values(value).every((item) => typeof item === 'string')),
  propertiesFiles: (value) => value === undefined || (Array.isArray(value) && value.every(isFileName)),
  settings: isRecord,
}

const restartKinds: readonly string[] = ['restart-all-containers', 'restart-by-exit-code', 'restart-driver-container']

function isHungPolicy(value: unknown): boolean {
  if (!isRecord(value)) return false
  if (value.kind === 'fail-pod' || value.kind === 'observe') return value.budget === null
  if (!isOneOf(restartKinds, value.kind)) return false
  const { budget } = value
  const count = (item: unknown) => Number.isInteger(item) && Number(item) >= 0
  return (
    isRecord(budget) &&
    (budget.maxRestarts === null || count(budget.maxRestarts)) &&
    (budget.windowMs === null || isPositive(budget.windowMs)) &&
    count(budget.backoffMs)
  )
}

function findPolicyProblem(value: unknown): string | undefined {
  if (!isRecord(value)) return 'is not an object'
  const bad = [
    ...Object.entries(fieldChecks).flatMap(([field, check]) => (check(value[field]) ? [] : [field])),
    ...deadlineNames.filter((field) => !isDeadline(field, value[field])),
  ]
  return bad.length === 0 ? undefined : `has a wrong ${bad.join(', ')}`
}
