import { domain, injectLabel } from '../../../../core/contract/pod-contract.ts'
import type { CheckEvidence, DryRunOutcome, DryRunProbe } from '../evidence.ts'
import { judgeReading } from '../judge-reading.ts'
import { matchesSelector } from '../label-selector.ts'
import { type Category, type CheckResult, failure, formatList, notApplicable, ok, unknown, warning } from '../result.ts'
import { ownConfiguration, perConfiguration } from './own-configuration.ts'
import { perInstallation } from './per-installation.ts'

export const podsWebhook = `pods.${domain}`
export const servicesWebhook = `services.${domain}`

export const webhook: Category<CheckEvidence> = {
  name: 'webhook',
  checks: [
    {
      id: 'webhook-configured',
      title: 'the webhook configuration is there',
      hint: 'The API server asks nobody without a MutatingWebhookConfiguration with the webhooks pods.spark-nanny.io and services.spark-nanny.io. Install the chart again: it is one of its objects.',
      judge: perInstallation(({ deployment }, evidence) =>
        judgeReading(evidence.configurations, () => {
          const configuration = ownConfiguration(evidence)
          if (configuration === undefined) return failure('there is none')
          const names = configuration.webhooks.map(({ name }) => name)
          if (!names.includes(podsWebhook)) return failure(`${configuration.name} has no webhook ${podsWebhook}`)
          if (deployment.env.SPARK_NANNY_ADMIT_SERVICES !== 'false' && !names.includes(servicesWebhook)) {
            return warning(`${configuration.name} has no webhook ${servicesWebhook}: drivers get no readiness probe`)
          }
          return ok(configuration.name)
        }),
      ),
    },
    {
      id: 'webhook-failure-policy',
      title: 'failurePolicy is Ignore',
      hint: 'With Fail no driver starts while the webhook is away, which is worse than one that is not watched. Set webhook.failurePolicy to Ignore.',
      judge: perConfiguration(({ webhooks }) => {
        const others = webhooks.filter(({ failurePolicy }) => failurePolicy !== 'Ignore')
        return others.length === 0
          ? ok()
          : failure(formatList(others.map(({ name, failurePolicy }) => `${name}: ${failurePolicy}`)))
      }),
    },
    {
      id: 'webhook-spares-system',
      title: 'kube-system and the own namespace are never matched',
      hint: 'A cluster must be able to start without the webhook, and the webhook without itself. The chart excludes both by kubernetes.io/metadata.name, whatever their labels are.',
      judge: perConfiguration(({ webhooks }, evidence, { deployment: { namespace } }) => {
        const spared = ['kube-system', namespace].map((name) => ({ name, labels: labelsOf(evidence, name) }))
        const matched = (more: Readonly<Record<string, string>>) =>
          spared.filter(({ labels }) =>
            webhooks.some(({ namespaceSelector }) => matchesSelector(namespaceSelector, { ...labels, ...more })),
          )
        const now = matched({})
        if (now.length > 0) return failure(`${formatList(now.map(({ name }) => name))} is matched`)
        const labelled = matched({ [injectLabel]: 'enabled' })
        return labelled.length === 0
          ? ok()
          : warning(`${formatList(labelled.map(({ name }) => name))} would be matched if labelled`)
      }),
    },
    {
      id: 'webhook-injects',
      title: 'a driver pod is injected',
      hint: 'Tried by a server-side dry run, which stores nothing. Came back as it was: the API server could not call the webhook (certificate, network policy or firewall to its port 8443, no ready replica), or the webhook left the pod alone and says why in its log (event admission). Refused in all namespaces: your permissions, or a quota or policy of theirs.',
      judge: ofTrials(({ pod }) => pod, 'sidecar'),
    },
    {
      id: 'webhook-publishes',
      title: 'a driver’s Service publishes addresses that are not ready',
      hint: 'Without it executors do not find their driver until it is Ready. The webhook services.spark-nanny.io does it; the causes are those of webhook-injects.',
      judge: (evidence) => {
        const [first] = evidence.installations.kind === 'read' ? evidence.installations.value : []
        return first?.deployment.env.SPARK_NANNY_ADMIT_SERVICES === 'false'
          ? notApplicable
          : ofTrials(({ service }) => service, 'publishNotReadyAddresses')(evidence)
      },
    },
  ],
}

/** Each namespace has this label; others where they are known. */
function labelsOf({ namespaces }: CheckEvidence, name: string): Readonly<Record<string, string>> {
  const known = namespaces.kind === 'read' ? namespaces.value.find((namespace) => namespace.name === name)?.labels : {}
  return { 'kubernetes.io/metadata.name': name, ...known }
}

/** One namespace that proves it is enough where others cannot be tried; one where it fails is not. */
function ofTrials(
  outcomeOf: (trial: DryRunProbe) => DryRunOutcome,
  what: string,
): (evidence: CheckEvidence) => CheckResult {
  return perInstallation((_, { namespaces, trials }) =>
    judgeReading(namespaces, () => {
      if (trials.length === 0) return unknown('no namespace is labelled, so that there is nowhere to try it')
      const names = (kind: DryRunOutcome['kind']) =>
        trials.filter((trial) => outcomeOf(trial).kind === kind).map(({ namespace }) => namespace)
      const [changed, unchanged] = [names('changed'), names('unchanged')]
      if (unchanged.length > 0) return failure(`no ${what} in ${formatList(unchanged)}`)
      const refused = trials.flatMap((trial) => {
        const outcome = outcomeOf(trial)
        return outcome.kind === 'refused' ? [`${trial.namespace}: ${outcome.detail}`] : []
      })
      if (changed.length === 0) return unknown(`the dry run was refused: ${formatList(refused, 2)}`)
      const except = refused.length === 0 ? '' : `; refused in ${formatList(names('refused'))}`
      return ok(`tried in ${formatList(changed)}${except}`)
    }),
  )
}
