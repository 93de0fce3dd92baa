import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { LabelledNamespace } from '../../../../cluster/namespaces.ts'
import { projectApplication } from '../../../../cluster/spark-applications.ts'
import type { SparkOperator } from '../../../../core/spark/application.ts'
import { createObjectStore } from '../../../../kubernetes/store.ts'
import { computeDriverContext } from '../../../../webhook/controller/assess/driver-context.ts'
import { defaultConfig } from '../controller-harness.ts'
import { createDriver } from '../driver/drivers.ts'

function resubmits(operator: SparkOperator, spec: object, status: object): boolean {
  const known = projectApplication({
    apiVersion: operator === 'kubeflow' ? 'sparkoperator.k8s.io/v1beta2' : 'spark.apache.org/v1',
    kind: 'SparkApplication',
    metadata: { name: 'pi', namespace: 'spark', uid: 'u', generation: 1, resourceVersion: '1' },
    spec,
    status,
  })
  const context = computeDriverContext(
    { ...createDriver(), owner: { operator, namespace: 'spark', name: 'pi', uid: 'u' } },
    {
      namespaces: createObjectStore<LabelledNamespace>(() => undefined),
      applications: { known: () => known },
      chartSettings: {},
      config: defaultConfig,
      nativeSidecars: () => true,
      nowMs: () => 0,
    },
  )
  return context.ownerRecreatesPod
}

/** ShouldRetry of pkg/util/sparkapplication.go of kubeflow/spark-operator. */
const kubeflowRows: readonly [string, object, object, boolean][] = [
  ['Never', { type: 'Never' }, { executionAttempts: 1 }, false],
  ['Always', { type: 'Always' }, { executionAttempts: 50 }, true],
  ['OnFailure, one retry is left', { type: 'OnFailure', onFailureRetries: 2 }, { executionAttempts: 2 }, true],
  ['OnFailure, no retry is left', { type: 'OnFailure', onFailureRetries: 2 }, { executionAttempts: 3 }, false],
  ['OnFailure without retries, and no status yet', { type: 'OnFailure' }, {}, false],
]
describe('computeDriverContext', () => {
  for (const [name, restartPolicy, status, expected] of kubeflowRows) {
    test(`kubeflow’s operator, ${name} → ${expected ? 'resubmits' : 'does not resubmit'}`, () => {
      assert.equal(resubmits('kubeflow', { restartPolicy }, status), expected)
    })
  }

  /** ApplicationStatus.terminateOrRestart, RestartPolicy and ApplicationStateSummary of apache/spark-kubernetes-operator. */
  const apacheRows: readonly [string, object, number | null, boolean][] = [
    ['OnFailure, one attempt is left', { restartPolicy: 'OnFailure', maxRestartAttempts: 2 }, 1, true],
    ['OnFailure, no attempt is left', { restartPolicy: 'OnFailure', maxRestartAttempts: 2 }, 2, false],
    ['OnFailure, no failure is left', { restartPolicy: 'OnFailure', maxRestartOnFailure: 1 }, 1, false],
    ['Always, one attempt is left', { restartPolicy: 'Always', maxRestartAttempts: 2 }, 1, true],
    ['Always, no attempt is left', { restartPolicy: 'Always', maxRestartAttempts: 2 }, 2, false],
    ['Always, none of the three default attempts is left', { restartPolicy: 'Always' }, 3, false],
    ['Always without attempts, and no status yet', { restartPolicy: 'Always', maxRestartAttempts: 0 }, null, false],
    ['OnInfrastructureFailure', { restartPolicy: 'OnInfrastructureFailure' }, 0, false],
  ]
  for (const [name, restartConfig, restartCounter, expected] of apacheRows) {
    test(`Apache’s operator, ${name} → ${expected ? 'resubmits' : 'does not resubmit'}`, () => {
      const attemptInfo = { id: restartCounter, restartCounter }
      const status = restartCounter === null ? {} : { currentAttemptSummary: { attemptInfo } }
      assert.equal(resubmits('apache', { applicationTolerations: { restartConfig } }, status), expected)
    })
  }
})
