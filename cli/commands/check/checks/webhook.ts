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
      title: 'the webhook configuration exists',
      hint: 'The API server calls spark-nanny only if a MutatingWebhookConfiguration contains the webhooks pods.spark-nanny.io and services.spark-nanny.io. Install the chart again; it creates the configuration.',
      judge: perInstallation(({ deployment }, evidence) =>
        judgeReading(evidence.configurations, () => {
          const configuration = ownConfiguration(evidence)
          if (configuration === undefined) return failure('there is no MutatingWebhookConfiguration of spark-nanny')
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
      title: 'the webhook’s failurePolicy is Ignore',
      hint: 'With Fail, no driver can start while the webhook is unavailable, which is worse than an unprotected driver. Set webhook.failurePolicy to Ignore.',
      judge: perConfiguration(({ webhooks }) => {
        const others = webhooks.filter(({ failurePolicy }) => failurePolicy !== 'Ignore')
        return others.length === 0
          ? ok()
          : failure(formatList(others.map(({ name, failurePolicy }) => `${name}: ${failurePolicy}`)))
      }),
    },
    {
      id: 'webhook-excludes-system-namespaces',
      title: 'the webhook excludes kube-system and its own namespace',
      hint: 'The cluster and the webhook itself must be able to start while the webhook is unavailable. The chart excludes both namespaces by kubernetes.io/metadata.name, regardless of their other labels.',
      judge: perConfiguration(({ webhooks }, evidence, { deployment: { namespace } }) => {
        const excluded = ['kube-system', namespace].map((name) => ({
          name,
          labels: findNamespaceLabels(evidence, name),
        }))
        const matched = (more: Readonly<Record<string, string>>) =>
          excluded.filter(({ labels }) =>
            webhooks.some(({ namespaceSelector }) => matchesSelector(namespaceSelector, { ...labels, ...more })),
          )
        const now = matched({})
        if (now.length > 0) return failure(`${formatList(now.map(({ name }) => name))} is not excluded`)
        const labelled = matched({ [injectLabel]: 'enabled' })
        return labelled.length === 0
          ? ok()
          : warning(`${formatList(labelled.map(({ name }) => name))} would not be excluded if labelled`)
      }),
    },
    {
      id: 'webhook-injects',
      title: 'the webhook injects driver pods',
      hint: 'Tested by a server-side dry run, which stores nothing. Error: the API server could not call the webhook, or the webhook skipped the pod. Check the certificate, the ready replicas, and network policies or firewalls for port 8443. Look for the event `admission` in the log of the webhook. Unknown: you lack permissions, or a quota or policy refuses the pod.',
      judge: judgeProbes(({ pod }) => pod, 'sidecar'),
    },
    {
      id: 'webhook-patches-services',
      title: 'the webhook patches driver Services',
      hint: 'The webhook services.spark-nanny.io sets publishNotReadyAddresses, so that executors find their driver before it is Ready. For the causes of a failure, see webhook-injects.',
      judge: (evidence) => {
        const [first] = evidence.installations.kind === 'read' ? evidence.installations.value : []
        return first?.deployment.env.SPARK_NANNY_ADMIT_SERVICES === 'false'
          ? notApplicable
          : judgeProbes(({ service }) => service, 'publishNotReadyAddresses')(evidence)
      },
    },
  ],
}

/** Every namespace has the label kubernetes.io/metadata.name; its other labels are added if they are known. */
function findNamespaceLabels({ namespaces }: CheckEvidence, name: string): Readonly<Record<string, string>> {
  const known = namespaces.kind === 'read' ? namespaces.value.find((namespace) => namespace.name === name)?.labels : {}
  return { 'kubernetes.io/metadata.name': name, ...known }
}

/** Ok if it worked in one namespace and the other namespaces refused the dry run. A failure in any namespace is an error. */
function judgeProbes(
  outcomeOf: (trial: DryRunProbe) => DryRunOutcome,
  what: string,
): (evidence: CheckEvidence) => CheckResult {
  return perInstallation((_, { namespaces, trials }) =>
    judgeReading(namespaces, () => {
      if (trials.length === 0) return unknown('no namespace is labelled, so the dry run was not possible')
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
      return ok(`tested in ${formatList(changed)}${except}`)
    }),
  )
}
