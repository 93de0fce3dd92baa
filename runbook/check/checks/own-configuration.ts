import type { Evidence } from '../evidence.ts'
import type { WebhookConfiguration } from '../installed-objects.ts'

/** The webhook configuration that calls the namespace of the first installation, else the first one with our labels. */
export function ownConfiguration({ configurations, installations }: Evidence): WebhookConfiguration | undefined {
  if (configurations.kind === 'unreadable' || configurations.value.length === 0) return undefined
  const [first] = installations.kind === 'read' ? installations.value : []
  if (first === undefined) return undefined
  const isOwn = ({ webhooks }: WebhookConfiguration) =>
    webhooks.some(({ service }) => service?.namespace === first.deployment.namespace)
  return configurations.value.find(isOwn) ?? configurations.value[0]
}
