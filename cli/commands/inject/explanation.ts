import type { AdmissionDecision } from '../../../admission/decide.ts'
import { describeAction } from '../../../admission/restart-strategy.ts'
import { sidecarContainerName } from '../../../core/contract/pod-contract.ts'
import { admissionReasons } from '../../../core/contract/skip-reasons.ts'
import type { Capabilities } from '../../../core/kubernetes/capabilities.ts'
import { parsePod } from '../../../core/kubernetes/parse-objects.ts'
import { type Container, findDriverContainerIndex, type Pod } from '../../../core/kubernetes/pod.ts'
import type { DriverPolicy } from '../../../core/settings/driver-policy.ts'
import {
  formatSetting,
  type ResolvedSettings,
  type SettingSource,
  settingKeys,
} from '../../../core/settings/settings.ts'
import type { OwnerRestartPolicy } from '../../../core/spark/application.ts'
import type { ApplicationLookup } from '../../../core/spark/application-reference.ts'
import type { DriverIdentity } from '../../../core/spark/driver-identity.ts'
import { locateUi } from '../../../spark-ui/ui-address.ts'
import { unknownSparkId } from './derived-pods.ts'
import type { InjectOptions, KubernetesVersion } from './options.ts'

/** The decision about one object, with its reasons. */
export interface Explanation {
  readonly object: string
  readonly decision: AdmissionDecision['kind']
  readonly reason: { readonly code: string; readonly sentence: string }
  /** What the pod proves about being a driver. Null if no sidecar is injected. */
  readonly identity: Pick<DriverIdentity, 'kind' | 'proofs' | 'doubts'> | null
  /** What the injection adds, in words. */
  readonly changes: readonly string[]
  /** Where the sidecar looks for the Spark UI. Null if no sidecar is injected. */
  readonly ui: string | null
  /** The action for a hung driver, and the facts that determine it. Null if no sidecar is injected. */
  readonly hungDriver: { readonly action: string; readonly because: readonly string[] } | null
  readonly settings: readonly ExplainedSetting[]
  readonly warnings: readonly string[]
}

export interface ExplainedSetting {
  readonly key: string
  readonly value: string
  readonly source: SettingSource
}

export function explain(
  object: string,
  received: unknown,
  decision: AdmissionDecision,
  application: ApplicationLookup,
  { kubernetesVersion }: Pick<InjectOptions, 'kubernetesVersion'>,
): Explanation {
  const { sentence } = admissionReasons[decision.reason]
  const detail = decision.kind === 'skip' && decision.detail !== '' ? ` (${decision.detail})` : ''
  return {
    object,
    decision: decision.kind,
    reason: { code: decision.reason, sentence: `${sentence}${detail}` },
    ...(decision.kind === 'inject'
      ? explainInjection(decision, parsePod(received), application, kubernetesVersion)
      : nothing),
    warnings: decision.warnings,
  }
}

type Injection = AdmissionDecision & { readonly kind: 'inject' }

const nothing = { identity: null, changes: [], ui: null, hungDriver: null, settings: [] } as const

function explainInjection(
  { policy, identity, pod, settings }: Injection,
  received: Pod | undefined,
  application: ApplicationLookup,
  kubernetesVersion: KubernetesVersion,
): Pick<Explanation, 'identity' | 'changes' | 'ui' | 'hungDriver' | 'settings'> {
  const { kind, proofs, doubts, observedBecause } = identity
  const index = findDriverContainerIndex(pod.spec) ?? 0
  const [before, after] = [received?.spec.containers[index], pod.spec.containers[index]]
  const liveness = after?.livenessProbe !== undefined && !before?.livenessProbe
  return {
    identity: { kind, proofs: proofs.filter((proof) => !proof.includes(unknownSparkId)), doubts },
    changes: before === undefined || after === undefined ? [] : explainChanges(before, after, pod).map(hideUnknownId),
    ui: describeUi(policy, application),
    hungDriver: {
      action: describeAction(policy.onHung, { kubeletRestarts: policy.kubeletRestarts === true, liveness }),
      because:
        observedBecause !== null
          ? [observedBecause]
          : [
              `restart is ${settings.values.restart} (${settings.sources.restart})`,
              describeOwner(application),
              `Kubernetes ${kubernetesVersion.text} ${describeRestarts(kubernetesVersion.capabilities)}`,
              ...(liveness || policy.onHung.kind === 'observe' ? [] : [describeLiveness(before)]),
            ],
    },
    settings: explainedSettings(settings),
  }
}

const hideUnknownId = (change: string): string => change.replaceAll(unknownSparkId, 'spark-…')

/** The properties files of the driver are not known here, but the application's settings become part of them. */
function describeUi(policy: DriverPolicy, lookup: ApplicationLookup): string {
  const conf = lookup.kind === 'found' ? lookup.application.sparkConf : {}
  const location = locateUi(policy, new Map(Object.entries(conf)), [])
  if (location.kind === 'none') return `none: ${location.reason}`
  const { scheme, host, port } = location.first
  return `${scheme}://${host}:${port}`
}

const describeLiveness = (before: Container | undefined): string =>
  before?.livenessProbe
    ? 'the driver container has its own livenessProbe'
    : 'probe-handler is http, which has no liveness probe'

const probeNames = ['startupProbe', 'livenessProbe', 'readinessProbe'] as const

function explainChanges(before: Container, after: Container, { spec }: Pod): readonly string[] {
  const probes = probeNames.filter((name) => !before[name] && after[name])
  const added = (after.args?.length ?? 0) - (before.args?.length ?? 0)
  const start = (after.args ?? []).findIndex((arg, index) => arg !== before.args?.[index])
  const args = start < 0 ? [] : (after.args ?? []).slice(start, start + added)
  const { requests, limits } = spec.initContainers?.find(({ name }) => name === sidecarContainerName)?.resources ?? {}
  return [
    `container ${after.name}: ${probes.length === 0 ? 'no probes' : probes.join(', ')}`,
    ...(args.length === 0 ? [] : [`arguments of spark-submit: ${args.join(' ')}`]),
    requests === undefined
      ? 'the sidecar has no resources of its own'
      : `the sidecar requests ${requests.cpu} CPU and ${requests.memory} memory, and is limited to ${limits?.cpu} and ${limits?.memory}`,
  ]
}

function explainedSettings({ values, sources }: ResolvedSettings): readonly ExplainedSetting[] {
  return settingKeys.map((key) => ({ key, value: formatSetting(key, values[key]), source: sources[key] }))
}

function describeRestarts({ restartAllContainers, containerRestartRules }: Capabilities): string {
  if (restartAllContainers) return 'supports in-place restarts of all containers'
  return containerRestartRules
    ? 'supports in-place restarts of a container by its exit code, but not of all containers'
    : 'does not support in-place restarts of all containers'
}

function describeOwner(lookup: ApplicationLookup): string {
  switch (lookup.kind) {
    case 'none':
      return 'the pod does not reference a SparkApplication'
    case 'unreadable':
      return `SparkApplication ${lookup.reference.name} could not be read: ${lookup.detail}`
    case 'found': {
      const { name, operator, restartPolicy } = lookup.application
      return `SparkApplication ${name} (${operator}) has restartPolicy ${describePolicy(restartPolicy)}`
    }
  }
}

function describePolicy(policy: OwnerRestartPolicy): string {
  switch (policy.kind) {
    case 'never':
      return policy.insteadOf ?? 'Never'
    case 'always':
      return policy.retries === undefined ? 'Always' : `Always, ${retriesText(policy.retries)}`
    case 'on-failure':
      return `OnFailure, ${retriesText(policy.retries)}`
  }
}

const retriesText = (retries: number) => `${retries} ${retries === 1 ? 'retry' : 'retries'}`
