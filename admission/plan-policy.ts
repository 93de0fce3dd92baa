import { isStatusPortTaken } from '../core/contract/collisions.ts'
import { sidecarPort } from '../core/contract/pod-contract.ts'
import { type Container, findApplicationId, type Pod } from '../core/kubernetes/pod.ts'
import type { DriverPolicy } from '../core/settings/driver-policy.ts'
import { formatSetting, type ResolvedSettings, type SettingSource, settingKeys } from '../core/settings/settings.ts'
import { toDeadlines } from '../core/verdict/deadlines.ts'
import { findRestartPolicy, type RestartChoice } from './restart-strategy.ts'

/** The policy of this pod's sidecar. */
export function planPolicy(
  pod: Pod,
  driver: Container,
  resolved: ResolvedSettings,
  restart: RestartChoice,
  statusPort: number,
  startupProbeTells: boolean,
): DriverPolicy {
  const { values } = resolved
  const namedPort = driver.ports?.find(({ name }) => name === 'spark-ui')?.containerPort
  const restartPolicy = restart.podRestartPolicy ?? findRestartPolicy(pod, driver)
  return {
    applicationId: findApplicationId(pod) ?? null,
    ui: { scheme: values['ui-scheme'], port: values['ui-port'] ?? namedPort ?? 4040 },
    intervalMs: values.interval,
    ...toDeadlines(values),
    actOn: values['act-on'],
    onHung: restart.action,
    statusPort,
    startupProbeTells,
    ...(restartPolicy !== 'Never' && { kubeletRestarts: true }),
    ...(pod.spec.hostNetwork === true && { hostNetwork: true }),
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
