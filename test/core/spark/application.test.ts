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
  ['kubeflow, nothing said', kubeflow({}), { kind: 'never' }],
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
  ['kubeflow, garbage', kubeflow({ restartPolicy: 'Always' }), { kind: 'never' }],
  ['Apache, nothing said', apache({}), { kind: 'never' }],
  [
    'Apache Always: its attempts are bounded too',
    tolerations({ restartPolicy: 'Always' }),
    { kind: 'always', retries: 3 },
  ],
  [
    'Apache OnFailure',
    tolerations({ restartPolicy: 'OnFailure', maxRestartAttempts: 7 }),
    { kind: 'on-failure', retries: 7 },
  ],
  [
    'Apache OnFailure, failures are bounded more tightly',
    tolerations({ restartPolicy: 'OnFailure', maxRestartAttempts: 7, maxRestartOnFailure: 2 }),
    { kind: 'on-failure', retries: 2 },
  ],
  [
    'Apache OnInfrastructureFailure: a driver that fails or is gone is none',
    tolerations({ restartPolicy: 'OnInfrastructureFailure' }),
    { kind: 'never', insteadOf: 'OnInfrastructureFailure' },
  ],
]
describe('parseSparkApplication', () => {
  for (const [what, object, expected] of rows) {
    test(what, () => assert.deepEqual(parseSparkApplication(object)?.restartPolicy, expected))
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
