import { maxDeletionsKept } from '../../core/contract/deletion-history.ts'
import { parseDurationMs } from '../../core/duration.ts'
import { parseLegacyApps } from '../../legacy/apps.ts'
import { combine, flag, oneOf, type ReadVariable } from './environment-reader.ts'

/** The configuration of the controller. */
export interface ControllerConfig {
  /** Name of the Lease in spark-nanny's namespace. */
  readonly lease: string
  /** Name of this process's pod, for the lease; empty if it is not known. */
  readonly podName: string
  /** The label selector of the namespaces whose drivers are protected. */
  readonly namespaceSelector: string
  /** If true, no pod is deleted; deletions are only reported. A sidecar that blocks a driver's startup is still bypassed. */
  readonly dryRun: boolean
  readonly fallback: FallbackConfig
  readonly safeguards: SafeguardsConfig
  /** Number of consecutive drivers with a bypassed sidecar after which injection is suspended. */
  readonly bypassesBeforeSuspension: number
}

export const fallbackModes = ['off', 'report', 'auto', 'delete'] as const
export type FallbackMode = (typeof fallbackModes)[number]

/** What the controller does for drivers without a sidecar. */
export interface FallbackConfig {
  /**
   * - off: their Spark UIs are not polled;
   * - report: a hung driver is only reported;
   * - auto: as `delete` for drivers whose operator bears no sidecar, and as `report` for others;
   * - delete: the pod of a hung driver is deleted if its owner creates another.
   */
  readonly mode: FallbackMode
  readonly intervalMs: number
  readonly timeoutMs: number
  readonly failureThreshold: number
  /** Applications of the predecessor's `--apps`. Their pods `<app>-driver` are deleted even if they have no owner. */
  readonly apps: readonly string[]
  readonly appsNamespace: string
}

/** Limits of what the controller may do. */
export interface SafeguardsConfig {
  /** Deletions within the window. The history of one application cannot hold more than `maxDeletionsKept`. */
  readonly perApplication: number
  readonly perNamespace: number
  /** All namespaces together may have up to twice as many, if few of them used it up first. */
  readonly perCluster: number
  readonly windowMs: number
  /** Minimum time between two deletions of one application. It doubles with each deletion, up to the window. */
  readonly backoffMs: number
  /** If more than one polled driver, and more than this share of them, is unhealthy, none is deleted. */
  readonly breakerShare: number
}

export function parseController(read: ReadVariable): ControllerConfig | undefined {
  return combine<ControllerConfig>({
    lease: read('LEASE', 'spark-nanny', ...text),
    podName: read('POD_NAME', '', ...text),
    namespaceSelector: read('NAMESPACE_SELECTOR', 'spark-nanny.io/inject=enabled', ...text),
    dryRun: read('DRY_RUN', 'false', ...flag),
    fallback: combine<FallbackConfig>({
      mode: read('FALLBACK', 'report', ...oneOf(fallbackModes)),
      intervalMs: read('FALLBACK_INTERVAL', '30s', ...duration),
      timeoutMs: read('FALLBACK_TIMEOUT', '10s', ...duration),
      failureThreshold: read('FALLBACK_FAILURES', '3', ...wholeNumber(1)),
      apps: read('APPS', '', 'a text', parseLegacyApps),
      appsNamespace: read('APPS_NAMESPACE', 'spark', ...text),
    }),
    safeguards: combine<SafeguardsConfig>({
      perApplication: read('BUDGET_APPLICATION', '3', ...wholeNumber(0, maxDeletionsKept)),
      perNamespace: read('BUDGET_NAMESPACE', '10', ...wholeNumber(0)),
      perCluster: read('BUDGET_CLUSTER', '30', ...wholeNumber(0)),
      windowMs: read('BUDGET_WINDOW', '1h', ...duration),
      backoffMs: read('BACKOFF', '1m', ...duration),
      breakerShare: read('BREAKER_SHARE', '0.2', 'a number from 0 to 1', parseShare),
    }),
    bypassesBeforeSuspension: read('RESCUES_BEFORE_BREAK', '3', ...wholeNumber(1)),
  })
}

const text = ['a text', (value: string) => value] as const
/** A duration of 0 is not accepted. */
const duration = [
  'a duration with its unit, such as 60s',
  (value: string) => parseDurationMs(value) || undefined,
] as const

const wholeNumber = (min: number, max = 100_000) =>
  [
    `a whole number from ${min} to ${max}`,
    (value: string) =>
      /^\d{1,6}$/.test(value) && Number(value) >= min && Number(value) <= max ? Number(value) : undefined,
  ] as const

const parseShare = (value: string) =>
  /^(0|1|0?\.\d{1,4}|1\.0{1,4})$/.test(value) && Number(value) <= 1 ? Number(value) : undefined
