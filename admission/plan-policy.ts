import { isStatusPortTaken } from '../core/contract/collisions.ts'
import { sidecarPort } from '../core/contract/pod-contract.ts'
import type { Container, Pod } from '../core/kubernetes/pod.ts'
import { toDeadlines } from '../core/settings/deadlines.ts'
import type { DriverPolicy } from '../core/settings/driver-policy.ts'
import { formatSetting, type ResolvedSettings, type SettingSource, settingKeys } from '../core/settings/settings.ts'
import type { DriverIdentity } from '../core/spark/driver-identity.ts'
import { pickUiProperties } from '../core/spark/ui-properties.ts'
import { findRestartPolicy, type RestartChoice } from './restart-strategy.ts'

/** The parts of a policy that are planned for this pod, apart from its settings. */
export interface PolicyParts {
  readonly identity: DriverIdentity
  readonly restart: RestartChoice
  readonly statusPort: number
  readonly startupProbeTells: boolean
  readonly probeKey: string | null
  readonly propertiesFiles: readonly string[]
}

/** A year: longer than any pod that has no UI of its own is observed. */
const noDeadlineMs = 365 * 86_400_000

/** A pod that may not be a driver, or whose UI cannot be told apart from another's, is not expected to show a UI at all. */
const isExpectedToShowUi = ({ kind, observedBecause, debugAgent }: DriverIdentity) =>
  kind !== 'unproven' && (observedBecause === null || debugAgent)

const isUsual = (files: readonly string[]) => files.length === 1 && files[0] === 'spark.properties'

/** DefaultTerminationGracePeriodSeconds of the Kubernetes API. */
const defaultGraceSeconds = 30

/** The policy of this pod's sidecar. */
export function planPolicy(
  pod: Pod,
  driver: Container,
  resolved: ResolvedSettings,
  { identity, restart, statusPort, startupProbeTells, probeKey, propertiesFiles }: PolicyParts,
): DriverPolicy {
  const { values } = resolved
  const uiProperties = pickUiProperties(identity.command?.submit.conf ?? new Map())
  const namedPort = driver.ports?.find(({ name }) => name === 'spark-ui')?.containerPort
  const restartPolicy = restart.podRestartPolicy ?? findRestartPolicy(pod, driver)
  const graceSeconds = pod.spec.terminationGracePeriodSeconds ?? defaultGraceSeconds
  return {
    applicationId: identity.applicationId,
    ui: { scheme: values['ui-scheme'], port: values['ui-port'] ?? namedPort ?? 4040 },
    intervalMs: values.interval,
    ...toDeadlines(values),
    ...(!isExpectedToShowUi(identity) && { startupDeadlineMs: noDeadlineMs, stopDeadlineMs: noDeadlineMs }),
    actOn: values['act-on'],
    onHung: restart.action,
    statusPort,
    startupProbeTells,
    ...(probeKey !== null && { probeKey }),
    ...(restartPolicy !== 'Never' && { kubeletRestarts: true }),
    ...(graceSeconds !== defaultGraceSeconds && { gracePeriodMs: Math.max(0, graceSeconds) * 1_000 }),
    ...(pod.spec.hostNetwork === true && { hostNetwork: true }),
    ...(identity.debugAgent && { debugAgent: true }),
    ...(uiProperties !== undefined && { uiProperties }),
    ...(!isUsual(propertiesFiles) && { propertiesFiles }),
    logLevel: values['log-level'],
    settings: formatSettings(resolved),
  }
}

/** The port on which the sidecar serves, or 0 if the pod uses the node's network or another container uses the port. */
export function chooseStatusPort(pod: Pod): number {
  return pod.spec.hostNetwork === true || isStatusPortTaken(pod) ? 0 : sidecarPort
}

const formattedSettings = new WeakMap<ResolvedSettings, DriverPolicy['settings']>()

/** Computed once for drivers that share their settings, so that `encodePolicy` encodes them once too. */
function formatSettings(settings: ResolvedSettings): DriverPolicy['settings'] {
  const known = formattedSettings.get(settings)
  if (known !== undefined) return known
  const texts: Record<string, { value: string; source: SettingSource }> = {}
  for (const key of settingKeys) {
    texts[key] = { value: formatSetting(key, settings.values[key]), source: settings.sources[key] }
  }
  formattedSettings.set(settings, texts)
  return texts
}
