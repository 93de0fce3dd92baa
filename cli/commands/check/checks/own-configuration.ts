import type { Evidence, Installation } from '../evidence.ts'
import type { WebhookConfiguration } from '../installed-objects.ts'
import { notApplicable, type Result } from '../result.ts'
import { ofInstallation } from './per-installation.ts'

/** The webhook configuration that calls the namespace of the first installation, else the first one with our labels. */
export function ownConfiguration({ configurations, installations }: Evidence): WebhookConfiguration | undefined {
  const [first] = installations.kind === 'read' ? installations.value : []
  if (first === undefined || configurations.kind === 'unreadable') return undefined
  const isOwn = ({ webhooks }: WebhookConfiguration) =>
    webhooks.some(({ service }) => service?.namespace === first.deployment.namespace)
  return configurations.value.find(isOwn) ?? configurations.value[0]
}

/** Of that configuration; that there is none, or that it is not known, is said once, by `webhook-configured`. */
export function ofConfiguration(
  judge: (configuration: WebhookConfiguration, evidence: Evidence, installation: Installation) => Result,
): (evidence: Evidence) => Result {
  return ofInstallation((installation, evidence) => {
    const configuration = ownConfiguration(evidence)
    return configuration === undefined ? notApplicable : judge(configuration, evidence, installation)
  })
}
