import type { CheckEvidence, Installation } from '../evidence.ts'
import type { WebhookConfiguration } from '../installed-objects.ts'
import { type CheckResult, notApplicable } from '../result.ts'
import { perInstallation } from './per-installation.ts'

/** The webhook configuration that calls a Service in the first installation’s namespace. If there is none, the first labelled one. */
export function ownConfiguration({ configurations, installations }: CheckEvidence): WebhookConfiguration | undefined {
  const [first] = installations.kind === 'read' ? installations.value : []
  if (first === undefined || configurations.kind === 'unreadable') return undefined
  const isOwn = ({ webhooks }: WebhookConfiguration) =>
    webhooks.some(({ service }) => service?.namespace === first.deployment.namespace)
  return configurations.value.find(isOwn) ?? configurations.value[0]
}

/** Judges that configuration. If it is missing or unreadable, only `webhook-configured` reports that. */
export function perConfiguration(
  judge: (configuration: WebhookConfiguration, evidence: CheckEvidence, installation: Installation) => CheckResult,
): (evidence: CheckEvidence) => CheckResult {
  return perInstallation((installation, evidence) => {
    const configuration = ownConfiguration(evidence)
    return configuration === undefined ? notApplicable : judge(configuration, evidence, installation)
  })
}
