import type { CheckEvidence, Installation } from '../evidence.ts'
import type { WebhookConfiguration } from '../installed-objects.ts'
import { type CheckResult, notApplicable } from '../result.ts'
import { perInstallation } from './per-installation.ts'

/** The webhook configuration that calls the namespace of the first installation, else the first one with our labels. */
export function ownConfiguration({ configurations, installations }: CheckEvidence): WebhookConfiguration | undefined {
  const [first] = installations.kind === 'read' ? installations.value : []
  if (first === undefined || configurations.kind === 'unreadable') return undefined
  const isOwn = ({ webhooks }: WebhookConfiguration) =>
    webhooks.some(({ service }) => service?.namespace === first.deployment.namespace)
  return configurations.value.find(isOwn) ?? configurations.value[0]
}

/** Of that configuration; that there is none, or that it is not known, is said once, by `webhook-configured`. */
export function perConfiguration(
  judge: (configuration: WebhookConfiguration, evidence: CheckEvidence, installation: Installation) => CheckResult,
): (evidence: CheckEvidence) => CheckResult {
  return perInstallation((installation, evidence) => {
    const configuration = ownConfiguration(evidence)
    return configuration === undefined ? notApplicable : judge(configuration, evidence, installation)
  })
}
