import { domain, injectLabel } from '../../../../core/contract/pod-contract.ts'
import { command } from '../../../../core/shell-command.ts'
import type { CheckEvidence, CheckedNamespace } from '../evidence.ts'
import { judgeReading } from '../judge-reading.ts'
import { matchesSelector } from '../label-selector.ts'
import { type Category, type CheckResult, formatList, notApplicable, ok, warning } from '../result.ts'
import { ownConfiguration } from './own-configuration.ts'
import { podsWebhook } from './webhook.ts'

/** Values of the label that opt out on purpose, and are therefore not reported as misspelt. */
const optOutValues: readonly string[] = ['disabled', 'false', 'no', 'off', 'none', '']

export const namespaces: Category<CheckEvidence> = {
  name: 'namespaces',
  checks: [
    {
      id: 'namespaces-labelled',
      title: 'at least one namespace is labelled',
      hint: `Drivers are protected only in labelled namespaces. Run \`${command`kubectl label namespace NAMESPACE ${injectLabel}=enabled`}\`.`,
      judge: forNamespaces((all) => {
        const labelled = all.filter(isLabelled).map(({ name }) => name)
        return labelled.length > 0 ? ok(formatList(labelled)) : warning(`no namespace has ${injectLabel}=enabled`)
      }),
    },
    {
      id: 'namespaces-label-spelling',
      title: 'namespace labels are spelt correctly',
      hint: `Only ${injectLabel}=enabled protects drivers; other values, and other labels of ${domain}/, have no effect. Correct the label with \`${command`kubectl label --overwrite namespace NAMESPACE ${injectLabel}=enabled`}\`.`,
      judge: forNamespaces((all) => {
        const wrong = all.flatMap(({ name, labels }) =>
          Object.entries(labels)
            .filter(([key, value]) =>
              key.toLowerCase() === injectLabel
                ? (key !== injectLabel || value !== 'enabled') && !optOutValues.includes(value.toLowerCase())
                : key.toLowerCase().startsWith(`${domain}/`),
            )
            .map(([key, value]) => `${name}: ${key}=${value}`),
        )
        return wrong.length === 0 ? ok() : warning(formatList(wrong))
      }),
    },
    {
      id: 'namespaces-selected',
      title: 'the webhook configuration selects all labelled namespaces',
      hint: 'The namespaceSelector of the webhook configuration excludes a labelled namespace. Check webhook.namespaceSelector of the chart. The namespace of spark-nanny and kube-system are always excluded.',
      judge: (evidence) =>
        forNamespaces((all) => {
          const pods = ownConfiguration(evidence)?.webhooks.find(({ name }) => name === podsWebhook)
          const labelled = all.filter(isLabelled)
          if (pods === undefined || labelled.length === 0) return notApplicable
          const excluded = labelled.filter(
            ({ name, labels }) =>
              !matchesSelector(pods.namespaceSelector, { 'kubernetes.io/metadata.name': name, ...labels }),
          )
          return excluded.length === 0 ? ok() : warning(`it excludes ${formatList(excluded.map(({ name }) => name))}`)
        })(evidence),
    },
  ],
}

const isLabelled = ({ labels }: CheckedNamespace) => labels[injectLabel] === 'enabled'

function forNamespaces(
  judge: (all: readonly CheckedNamespace[]) => CheckResult,
): (evidence: CheckEvidence) => CheckResult {
  return (evidence) => judgeReading(evidence.namespaces, judge)
}
