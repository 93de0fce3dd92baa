import { describe } from 'node:test'
import { readable } from '../../../../../cli/cluster/reading.ts'
import type { CheckEvidence, DryRunOutcome } from '../../../../../cli/commands/check/evidence.ts'
import { parseLabelSelector } from '../../../../../cli/commands/check/label-selector.ts'
import { healthyConfiguration, healthyEvidence, unread, withDeployment, withWebhooks } from '../healthy-evidence.ts'
import { testCategory } from './table.ts'

const withOnlyWebhook = (name: string): CheckEvidence['configurations'] =>
  readable([{ ...healthyConfiguration, webhooks: healthyConfiguration.webhooks.filter((one) => one.name === name) }])
const withSelector = (selector: object) => withWebhooks({ namespaceSelector: parseLabelSelector(selector) })
const changed = { kind: 'changed', version: '' } as const
const refused = { kind: 'refused', detail: 'HTTP 403: exceeded quota' } as const
const withDryRun = (pod: DryRunOutcome, service: DryRunOutcome): CheckEvidence => ({
  ...healthyEvidence,
  trials: [...healthyEvidence.trials, { namespace: 'late', pod, service }],
})
const allDryRunsRefused = { ...healthyEvidence, trials: [{ namespace: 'late', pod: refused, service: refused }] }
const notInjected = { namespace: 'jobs', pod: { kind: 'unchanged' }, service: changed } as const
const noDryRuns = { ...healthyEvidence, trials: [] }

describe('webhook checks', () => {
  testCategory('webhook', {
    'webhook-configured': [
      [
        'there is no webhook configuration',
        { ...healthyEvidence, configurations: readable([]) },
        'error',
        /there is no MutatingWebhookConfiguration/,
      ],
      [
        'there is no webhook for pods',
        { ...healthyEvidence, configurations: withOnlyWebhook('services.spark-nanny.io') },
        'error',
        /pods\./,
      ],
      [
        'there is no webhook for Services',
        { ...healthyEvidence, configurations: withOnlyWebhook('pods.spark-nanny.io') },
        'warning',
        /services\./,
      ],
      [
        'the webhook for Services is disabled',
        {
          ...withDeployment({ env: { SPARK_NANNY_ADMIT_SERVICES: 'false' } }),
          configurations: withOnlyWebhook('pods.spark-nanny.io'),
        },
        'ok',
      ],
      ['the webhook configurations cannot be read', { ...healthyEvidence, configurations: unread }, 'unknown'],
    ],
    'webhook-failure-policy': [
      ['failurePolicy is Fail', withWebhooks({ failurePolicy: 'Fail' }), 'error', /pods\.spark-nanny\.io: Fail/],
    ],
    'webhook-excludes-system-namespaces': [
      ['all namespaces are selected', withSelector({}), 'error', /kube-system, spark-nanny is not excluded/],
      [
        'system namespaces are selected if labelled',
        withSelector({ matchLabels: { 'spark-nanny.io/inject': 'enabled' } }),
        'warning',
        /if labelled/,
      ],
      ['the namespaces cannot be read', { ...withSelector({}), namespaces: unread }, 'error'],
    ],
    'webhook-injects': [
      [
        'the webhook does not inject in one namespace',
        withDryRun({ kind: 'unchanged' }, changed),
        'error',
        /no sidecar in late$/,
      ],
      ['one dry run is refused, and another injects', withDryRun(refused, changed), 'ok'],
      ['all dry runs are refused', allDryRunsRefused, 'unknown', /late: HTTP 403: exceeded quota/],
      [
        'one dry run is refused, and another does not inject',
        { ...allDryRunsRefused, trials: [...allDryRunsRefused.trials, notInjected] },
        'error',
        /in jobs$/,
      ],
      ['no namespace is labelled', noDryRuns, 'unknown', /no namespace is labelled/],
      ['the namespaces cannot be read', { ...noDryRuns, namespaces: unread }, 'unknown'],
    ],
    'webhook-patches-services': [
      ['a Service is not patched in one namespace', withDryRun(changed, { kind: 'unchanged' }), 'error', /in late$/],
      ['all dry runs are refused', allDryRunsRefused, 'unknown', /exceeded quota/],
      [
        'the webhook for Services is disabled',
        withDeployment({ env: { SPARK_NANNY_ADMIT_SERVICES: 'false' } }),
        'not-applicable',
      ],
    ],
  })
})
