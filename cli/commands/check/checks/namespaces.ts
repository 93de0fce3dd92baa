import { domain, injectLabel } from '../../../../core/contract/pod-contract.ts'
import type { CheckEvidence, CheckedNamespace } from '../evidence.ts'
import { judgeReading } from '../judge-reading.ts'
import { matchesSelector } from '../label-selector.ts'
import { type Category, type CheckResult, formatList, notApplicable, ok, warning } from '../result.ts'
import { ownConfiguration } from './own-configuration.ts'
import { podsWebhook } from './webhook.ts'

/** What somebody writes who does not want it. */
const refusals: readonly string[] = ['disabled', 'false', 'no', 'off', 'none', '']

export const namespaces: Category<CheckEvidence> = {
  name: 'namespaces',
  checks: [
    {
      id: 'namespaces-labelled',
      title: 'a namespace is labelled',
      hint: `No driver is watched in a namespace that has not opted in: \`kubectl label namespace NAMESPACE ${injectLabel}=enabled\`.`,
      judge: ofNamespaces((all) => {
        const labelled = all.filter(isLabelled).map(({ name }) => name)
        return labelled.length > 0 ? ok(formatList(labelled)) : warning(`none has ${injectLabel}=enabled`)
      }),
    },
    {
      id: 'namespaces-spelling',
      title: 'labels of namespaces are spelt right',
      hint: `Only ${injectLabel}=enabled opts in; any other value or label of ${domain}/ does nothing. Correct it by \`kubectl label --overwrite namespace NAMESPACE ${injectLabel}=enabled\`.`,
      judge: ofNamespaces((all) => {
        const wrong = all.flatMap(({ name, labels }) =>
          Object.entries(labels)
            .filter(([key, value]) =>
              key.toLowerCase() === injectLabel
                ? (key !== injectLabel || value !== 'enabled') && !refusals.includes(value.toLowerCase())
                : key.toLowerCase().startsWith(`${domain}/`),
            )
            .map(([key, value]) => `${name}: ${key}=${value}`),
        )
        return wrong.length === 0 ? ok() : warning(formatList(wrong))
      }),
    },
    {
      id: 'namespaces-selected',
      title: 'the webhook is asked for all labelled namespaces',
      hint: 'The namespaceSelector of the webhook configuration leaves out a namespace that has opted in. See webhook.namespaceSelector of the chart; kube-system and the own namespace are always left out.',
      judge: (evidence) =>
        ofNamespaces((all) => {
          const pods = ownConfiguration(evidence)?.webhooks.find(({ name }) => name === podsWebhook)
          const labelled = all.filter(isLabelled)
          if (pods === undefined || labelled.length === 0) return notApplicable
          const left = labelled.filter(
            ({ name, labels }) =>
              !matchesSelector(pods.namespaceSelector, { 'kubernetes.io/metadata.name': name, ...labels }),
          )
          return left.length === 0 ? ok() : warning(`not for ${formatList(left.map(({ name }) => name))}`)
        })(evidence),
    },
  ],
}

const isLabelled = ({ labels }: CheckedNamespace) => labels[injectLabel] === 'enabled'

function ofNamespaces(
  judge: (all: readonly CheckedNamespace[]) => CheckResult,
): (evidence: CheckEvidence) => CheckResult {
  return (evidence) => judgeReading(evidence.namespaces, judge)
}
