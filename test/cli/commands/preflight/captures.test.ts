import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseConfFile } from '../../../../cli/spark-conf/conf-file.ts'
import type { Input } from '../../../../cli/static-checks/input.ts'
import { computeWorkload } from '../../../../cli/workload/workload.ts'
import { capturePod } from '../../../support/admission-captures.ts'

/** The settings with which the captured drivers were submitted. */
const settings = `spark.driver.memory 512m
spark.executor.memory 512m
spark.kubernetes.driver.request.cores 100m
spark.kubernetes.executor.request.cores 100m
spark.kubernetes.authenticate.driver.serviceAccountName spark
spark.kubernetes.container.image.pullPolicy Never
`

const toInput = (text: string): Input => ({
  kind: 'conf',
  name: 'conf',
  conf: parseConfFile(text, 'conf', undefined),
  mainFile: undefined,
  mode: 'cluster',
  isWhole: true,
  command: null,
})

describe('computeWorkload', () => {
  for (const name of ['driver-pod.spark-submit', 'driver-pod.spark-operator'] as const) {
    test(`the settings of ${name} → the computed driver pod equals the pod that Spark created`, () => {
      const captured = capturePod(name)
      const [container] = captured.spec.containers
      const conf = `${settings}spark.kubernetes.container.image ${container?.image}\nspark.kubernetes.driver.pod.name ${captured.metadata?.name}\n`
      const workload = computeWorkload(toInput(conf), undefined, 'spark')
      const [computed] = workload?.driver.spec.containers ?? []
      assert.equal(computed?.name, container?.name)
      assert.deepEqual(computed?.resources, container?.resources)
      assert.equal(computed?.image, container?.image)
      assert.equal(computed?.imagePullPolicy, container?.imagePullPolicy)
      assert.equal(workload?.driver.spec.restartPolicy, captured.spec.restartPolicy)
      assert.equal(workload?.driver.metadata?.labels?.['spark-role'], 'driver')
      assert.equal(workload?.driver.metadata?.name, captured.metadata?.name)
    })
  }

  test('the settings of an executor → the computed executor pod equals the pod that Spark created', () => {
    const captured = capturePod('executor-pod')
    const workload = computeWorkload(toInput(settings), undefined, 'spark')
    const [computed] = workload?.executor.spec.containers ?? []
    assert.equal(computed?.name, captured.spec.containers[0]?.name)
    assert.deepEqual(computed?.resources, captured.spec.containers[0]?.resources)
  })
})
