import type { AdmissionDecision } from '../../../admission/decide.ts'
import { describeAction } from '../../../admission/restart-strategy.ts'
import { admissionReasons } from '../../../core/contract/skip-reasons.ts'
import type { Capabilities } from '../../../core/kubernetes/capabilities.ts'
import {
  formatSetting,
  type ResolvedSettings,
  type SettingSource,
  settingKeys,
} from '../../../core/settings/settings.ts'
import type { OwnerRestartPolicy } from '../../../core/spark/application.ts'
import type { ApplicationLookup } from '../../../core/spark/application-reference.ts'
import type { InjectOptions } from './options.ts'

/** The decision about one object, with its reasons. */
export interface Explanation {
  readonly object: string
  readonly decision: AdmissionDecision['kind']
  readonly reason: { readonly code: string; readonly sentence: string }
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
    hungDriver:
      decision.kind !== 'inject'
        ? null
        : {
            action: describeAction(decision.policy.onHung),
            because: [
              `restart is ${decision.settings.values.restart} (${decision.settings.sources.restart})`,
              describeOwner(application),
              `Kubernetes ${kubernetesVersion.text} ${describeRestarts(kubernetesVersion.capabilities)}`,
            ],
          },
    settings: decision.kind === 'inject' ? explainedSettings(decision.settings) : [],
    warnings: decision.warnings,
  }
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
