import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type OwnerRestartPolicy, parseSparkApplication } from '../../../core/spark/application.ts'

const kubeflow = (spec: object) => ({
  apiVersion: 'sparkoperator.k8s.io/v1beta2',
  kind: 'SparkApplication',
  metadata: { name: 'a', namespace: 'n' },
  spec,
})
const apache = (spec: object) => ({
  apiVersion: 'spark.apache.org/v1',
  kind: 'SparkApplication',
  metadata: { name: 'a' },
  spec,
})
const tolerations = (restartConfig: object) => apache({ applicationTolerations: { restartConfig } })

const rows: readonly (readonly [string, unknown, OwnerRestartPolicy])[] = [
  ['kubeflow, no policy', kubeflow({}), { kind: 'never' }],
  ['kubeflow Never', kubeflow({ restartPolicy: { type: 'Never' } }), { kind: 'never' }],
  [
    'kubeflow OnFailure',
    kubeflow({ restartPolicy: { type: 'OnFailure', onFailureRetries: 4 } }),
    { kind: 'on-failure', retries: 4 },
  ],
  [
    'kubeflow OnFailure without retries',
    kubeflow({ restartPolicy: { type: 'OnFailure' } }),
    { kind: 'on-failure', retries: 0 },
  ],
  ['kubeflow Always', kubeflow({ restartPolicy: { type: 'Always' } }), { kind: 'always' }],
  ['kubeflow, malformed policy', kubeflow({ restartPolicy: 'Always' }), { kind: 'never' }],
  ['Apache, no policy', apache({}), { kind: 'never' }],
  [
    'Apache Always, with its default limit of attempts',
    tolerations({ restartPolicy: 'Always' }),
    { kind: 'always', retries: 3 },
  ],
  [
    'Apache OnFailure',
    tolerations({ restartPolicy: 'OnFailure', maxRestartAttempts: 7 }),
    { kind: 'on-failure', retries: 7 },
  ],
  [
    'Apache OnFailure, with a lower limit of failures',
    tolerations({ restartPolicy: 'OnFailure', maxRestartAttempts: 7, maxRestartOnFailure: 2 }),
    { kind: 'on-failure', retries: 2 },
  ],
  [
    'Apache OnInfrastructureFailure, which does not cover a failed or missing driver',
    tolerations({ restartPolicy: 'OnInfrastructureFailure' }),
    { kind: 'never', insteadOf: 'OnInfrastructureFailure' },
  ],
]
describe('parseSparkApplication', () => {
  for (const [name, object, expected] of rows) {
    test(`${name} → ${expected.kind}`, () => assert.deepEqual(parseSparkApplication(object)?.restartPolicy, expected))
  }

  test('a SparkApplication → its namespace, name, annotations and conf', () => {
    const application = parseSparkApplication({
      ...kubeflow({ sparkConf: { 'spark.ui.port': 4041 } }),
      metadata: { name: 'a', namespace: 'n', annotations: { 'spark-nanny.io/timeout': '5s' } },
    })
    assert.deepEqual([application?.namespace, application?.name, application?.operator], ['n', 'a', 'kubeflow'])
    assert.deepEqual(application?.annotations, { 'spark-nanny.io/timeout': '5s' })
    assert.deepEqual(application?.sparkConf, { 'spark.ui.port': '4041' })
  })

  test('another object → undefined', () => {
    const { kind: _kind, ...kindless } = kubeflow({})
    for (const object of [
      null,
      'x',
      [],
      {},
      kindless,
      { ...kubeflow({}), apiVersion: 'apps/v1' },
      { ...kubeflow({}), kind: 'Pod' },
    ]) {
      assert.equal(parseSparkApplication(object), undefined)
    }
  })
})
