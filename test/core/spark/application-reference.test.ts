import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { findApplicationReference } from '../../../core/spark/application-reference.ts'
import { capturePod } from '../../support/admission-captures.ts'

const pod = capturePod('driver-pod.spark-submit')

describe('findApplicationReference', () => {
  // Constants.java of apache/spark-kubernetes-operator: LABEL_SPARK_APPLICATION_NAME; `spark.operator/name` is the operator's own.
  test('the label of the Apache operator → names the application', () => {
    const labels = { 'spark.operator/name': 'spark-kubernetes-operator', 'spark.operator/spark-app-name': 'pi' }
    const reference = findApplicationReference({ ...pod, metadata: { labels } }, 'jobs')
    assert.deepEqual(reference, { operator: 'apache', namespace: 'jobs', name: 'pi', uid: null })
  })
})
