import { describe } from 'node:test'
import { readable } from '../../../../../cli/cluster/reading.ts'
import type { CheckEvidence, DryRunOutcome } from '../../../../../cli/commands/check/evidence.ts'
import { parseLabelSelector } from '../../../../../cli/commands/check/label-selector.ts'
import { healthyConfiguration, healthyEvidence, unread, withDeployment, withWebhooks } from '../healthy-evidence.ts'
import { testCategory } from './table.ts'

const withOnly = (name: string): CheckEvidence['configurations'] =>
  readable([{ ...healthyConfiguration, webhooks: healthyConfiguration.webhooks.filter((one) => one.name === name) }])
const withSelector = (selector: object) => withWebhooks({ namespaceSelector: parseLabelSelector(selector) })
const changed = { kind: 'changed', version: '' } as const
const refused = { kind: 'refused', detail: 'HTTP 403: exceeded quota' } as const
const withTrial = (pod: DryRunOutcome, service: DryRunOutcome): CheckEvidence => ({
  ...healthyEvidence,
  trials: [...healthyEvidence.trials, { namespace: 'late', pod, service }],
})
const refusedOnly = { ...healthyEvidence, trials: [{ namespace: 'late', pod: refused, service: refused }] }
const failing = { namespace: 'jobs', pod: { kind: 'unchanged' }, service: changed } as const
const nowhere = { ...healthyEvidence, trials: [] }

describe('webhook checks', () => {
  testCategory('webhook', {
    'webhook-configured': [
      [
        'none',
        { ...healthyEvidence, configurations: readable([]) },
        'error',
        /there is no MutatingWebhookConfiguration/,
      ],
      ['no pods', { ...healthyEvidence, configurations: withOnly('services.spark-nanny.io') }, 'error', /pods\./],
      ['no services', { ...healthyEvidence, configurations: withOnly('pods.spark-nanny.io') }, 'warning', /services\./],
      [
        'no services, as asked for',
        {
          ...withDeployment({ env: { SPARK_NANNY_ADMIT_SERVICES: 'false' } }),
          configurations: withOnly('pods.spark-nanny.io'),
        },
        'ok',
      ],
      ['unread', { ...healthyEvidence, configurations: unread }, 'unknown'],
    ],
    'webhook-failure-policy': [
      ['Fail', withWebhooks({ failurePolicy: 'Fail' }), 'error', /pods\.spark-nanny\.io: Fail/],
    ],
    'webhook-excludes-system-namespaces': [
      ['all', withSelector({}), 'error', /kube-system, spark-nanny is not excluded/],
      ['if labelled', withSelector({ matchLabels: { 'spark-nanny.io/inject': 'enabled' } }), 'warning', /if labelled/],
      ['namespaces unread', { ...withSelector({}), namespaces: unread }, 'error'],
    ],
    'webhook-injects': [
      ['one not', withTrial({ kind: 'unchanged' }, changed), 'error', /no sidecar in late$/],
      ['one refused, one tried', withTrial(refused, changed), 'ok'],
      ['all refused', refusedOnly, 'unknown', /late: HTTP 403: exceeded quota/],
      ['one refused, one not', { ...refusedOnly, trials: [...refusedOnly.trials, failing] }, 'error', /in jobs$/],
      ['nowhere to try', nowhere, 'unknown', /no namespace is labelled/],
      ['namespaces unread', { ...nowhere, namespaces: unread }, 'unknown'],
    ],
    'webhook-patches-services': [
      ['one not', withTrial(changed, { kind: 'unchanged' }), 'error', /in late$/],
      ['all refused', refusedOnly, 'unknown', /exceeded quota/],
      ['not asked for', withDeployment({ env: { SPARK_NANNY_ADMIT_SERVICES: 'false' } }), 'not-applicable'],
    ],
  })
})
