import { maxDeletionsKept } from '../../core/contract/deletion-history.ts'
import { parseDurationMs } from '../../core/duration.ts'

/** What the controller is told. */
export interface ControllerConfig {
  /** Name of the Lease in our own namespace. */
  readonly lease: string
  /** Of our own pod, for the lease; empty: none is known. */
  readonly podName: string
  /** The label selector of the namespaces whose drivers are looked after. */
  readonly namespaceSelector: string
  /** Nothing is deleted; what would be is said. A driver that our sidecar holds back is let go all the same. */
  readonly dryRun: boolean
  readonly fallback: FallbackConfig
  readonly safeguards: SafeguardsConfig
  /** Drivers in a row that had to be let go before no more sidecars are injected. */
  readonly rescuesBeforeBreak: number
}

/** What is done for drivers without a sidecar. */
export interface FallbackConfig {
  /** off: they are not even asked; report: said only; delete: the pod of a hung one is deleted where its owner makes another. */
  readonly mode: 'off' | 'report' | 'delete'
  readonly intervalMs: number
  readonly timeoutMs: number
  readonly failureThreshold: number
  /** The forerunner's: applications by the names of their pods, `<app>-driver`, deleted without asking for an owner. */
  readonly apps: readonly string[]
  readonly appsNamespace: string
}

/** How much may be done at most. */
export interface SafeguardsConfig {
  /** Deletions within the window; of one application no more than its record holds. */
  readonly perApplication: number
  readonly perNamespace: number
  readonly perCluster: number
  readonly windowMs: number
  /** Between two deletions of one application at least; doubles with each, up to the window. */
  readonly backoffMs: number
  /** When more drivers than one, and more than this share of those asked, are unhealthy, none is deleted. */
  readonly breakerShare: number
}

/** Reads one variable, without its prefix; an empty or absent one is the fallback. */
export type ReadVariable = <T>(
  name: string,
  fallback: string,
  form: string,
  parse: (text: string) => T | undefined,
) => T

export function parseController(read: ReadVariable): ControllerConfig {
  const duration = (name: string, fallback: string) =>
    read(name, fallback, 'a duration with its unit, such as 60s', (text) => parseDurationMs(text) || undefined)
  const count = (name: string, fallback: string, least: number, most = 100_000) =>
    read(name, fallback, `a whole number from ${least} to ${most}`, (text) =>
      /^\d{1,6}$/.test(text) && Number(text) >= least && Number(text) <= most ? Number(text) : undefined,
    )
  const text = (name: string, fallback: string) => read(name, fallback, 'a text', (value) => value)
  return {
    lease: text('LEASE', 'spark-nanny'),
    podName: text('POD_NAME', ''),
    namespaceSelector: text('NAMESPACE_SELECTOR', 'spark-nanny.io/inject=enabled'),
    dryRun: read('DRY_RUN', 'false', 'true or false', parseFlag),
    fallback: {
      mode: read('FALLBACK', 'report', 'one of off, report, delete', (value) => modes.find((mode) => mode === value)),
      intervalMs: duration('FALLBACK_INTERVAL', '30s'),
      timeoutMs: duration('FALLBACK_TIMEOUT', '10s'),
      failureThreshold: count('FALLBACK_FAILURES', '3', 1),
      apps: text('APPS', '')
        .split(',')
        .map(normalApp)
        .filter((app) => app !== ''),
      appsNamespace: text('APPS_NAMESPACE', 'spark'),
    },
    safeguards: {
      perApplication: count('BUDGET_APPLICATION', '3', 0, maxDeletionsKept),
      perNamespace: count('BUDGET_NAMESPACE', '10', 0),
      perCluster: count('BUDGET_CLUSTER', '30', 0),
      windowMs: duration('BUDGET_WINDOW', '1h'),
      backoffMs: duration('BACKOFF', '1m'),
      breakerShare: read('BREAKER_SHARE', '0.2', 'a number from 0 to 1', parseShare),
    },
    rescuesBeforeBreak: count('RESCUES_BEFORE_BREAK', '3', 1),
  }
}

const modes = ['off', 'report', 'delete'] as const
const parseFlag = (text: string) => (text === 'true' ? true : text === 'false' ? false : undefined)
const parseShare = (text: string) =>
  /^(0|1|0?\.\d{1,4}|1\.0{1,4})$/.test(text) && Number(text) <= 1 ? Number(text) : undefined

/** As the forerunner made pod names of what its users wrote. */
const normalApp = (app: string) => app.trim().toLowerCase().replaceAll('_', '-')
