import type { LabelledNamespace } from '../../../cluster/namespaces.ts'
import type { KnownApplication, SparkApplications } from '../../../cluster/spark-applications.ts'
import { resolveDriverSettings } from '../../../core/settings/effective-settings.ts'
import { findPause, type Pause } from '../../../core/settings/pause.ts'
import type { ResolvedSettings } from '../../../core/settings/settings.ts'
import { maxRetries } from '../../../core/spark/application.ts'
import { hidesHangs } from '../../../core/spark/driver-identity.ts'
import type { Collection } from '../../../kubernetes/store.ts'
import type { ControllerConfig } from '../../config/controller-config.ts'
import { type Driver, isRunning } from '../driver/driver.ts'
import { type Coverage, computeCoverage } from './coverage.ts'
import { checkSidecarCrashLoop } from './sidecar-crash-loop.ts'

/** What the caches know about a driver: its settings, application and namespace. */
export interface DriverContext {
  /** When this context was computed. Its evaluation uses the same time. */
  readonly nowMs: number
  readonly settings: ResolvedSettings
  readonly application: KnownApplication | undefined
  /** Undefined if the namespace has not opted in. */
  readonly namespace: LabelledNamespace | undefined
  readonly coverage: Coverage
  /** Why hangs are only reported: as far as the pod shows it, or the conf of its application. */
  readonly observed: Driver['observed']
  /** Whether the predecessor's flag `--apps` names the application. */
  readonly isLegacyApp: boolean
  /** The name of the application in the predecessor's metrics. */
  readonly metricsApp: string
  /** Whether the owner of the driver would create a new pod if this one were deleted. */
  readonly ownerRecreatesPod: boolean
  readonly pause: Pause | null
}

export interface DriverContextDeps {
  readonly namespaces: Collection<LabelledNamespace>
  readonly applications: Pick<SparkApplications, 'known'>
  readonly chartSettings: Readonly<Record<string, string>>
  readonly config: ControllerConfig
  nativeSidecars(): boolean
  nowMs(): number
}

export function computeDriverContext(driver: Driver, deps: DriverContextDeps): DriverContext {
  const { fallback } = deps.config
  const nowMs = deps.nowMs()
  const application = driver.owner === null ? undefined : deps.applications.known(driver.owner)
  const annotations = application?.application.annotations
  const settings = resolveDriverSettings({
    chart: deps.chartSettings,
    application: annotations,
    pod: driver.annotations,
  })
  const namespace = deps.namespaces.get('', driver.namespace)
  const isLegacyApp = isLegacyDriver(driver, fallback)
  const coverage = computeCoverage(driver, settings, deps.nativeSidecars(), nowMs, {
    pollsUis: fallback.mode !== 'off',
    applicationExists: application !== undefined,
  })
  return {
    nowMs,
    settings,
    application,
    namespace,
    coverage,
    observed: driver.observed ?? (isObserved(driver, coverage, application) ? 'hangs-only-reported' : null),
    isLegacyApp,
    metricsApp: isLegacyApp ? driver.name.replace(/-driver$/, '') : driver.application,
    ownerRecreatesPod: isLegacyApp || (application !== undefined && isResubmitted(application)),
    pause: findPause(nowMs, driver.annotations, annotations, namespace?.annotations),
  }
}

/**
 * Without a sidecar, whose policy knows the conf of the application, the controller must look at the conf itself. From outside, a
 * proxy that stands still looks like a silent driver, because it accepts the connections.
 */
function isObserved(
  { sidecar, behindProxy }: Driver,
  coverage: Coverage,
  application: KnownApplication | undefined,
): boolean {
  if (sidecar !== null) return false
  if (coverage.kind === 'judged-from-outside' && behindProxy) return true
  return application !== undefined && hidesHangs(application.application.sparkConf)
}

const isLegacyDriver = ({ namespace, name }: Driver, fallback: ControllerConfig['fallback']): boolean =>
  namespace === fallback.appsNamespace && fallback.apps.some((app) => name === `${app}-driver`)

/** Whether the driver is in a protected namespace, or is one of the predecessor's: metrics do not name other drivers. */
export function isMonitored(driver: Driver, { namespaces, config }: DriverContextDeps): boolean {
  return namespaces.get('', driver.namespace) !== undefined || isLegacyDriver(driver, config.fallback)
}

/** The coverage of a driver, for the metrics. Returns undefined if its namespace has not opted in. */
export function findCoverage(driver: Driver, deps: DriverContextDeps): Coverage | undefined {
  if (deps.namespaces.get('', driver.namespace) === undefined) return undefined
  // Nearly all drivers are protected, and their coverage does not depend on the settings.
  const isProtected =
    driver.sidecar !== null &&
    driver.sidecar.bypass === null &&
    isRunning(driver) &&
    !checkSidecarCrashLoop(driver, deps.nowMs()).isDown
  return isProtected ? { kind: 'protected' } : computeDriverContext(driver, deps).coverage
}

/** Whether the operator would resubmit the driver if its pod were removed. An existing pod counts as one attempt. */
function isResubmitted({ application, attempts }: KnownApplication): boolean {
  return Math.max(1, attempts) <= maxRetries(application.restartPolicy)
}

/** Whether spark-nanny acts on drivers of the namespace: it has the label, or the predecessor's flags name it. */
export function isProtectedNamespace(
  namespace: string,
  { namespaces, config }: Pick<DriverContextDeps, 'namespaces' | 'config'>,
): boolean {
  const { apps, appsNamespace } = config.fallback
  return namespaces.get('', namespace) !== undefined || (apps.length > 0 && namespace === appsNamespace)
}
