import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Cluster, connectCluster } from '../harness/cluster.ts'
import { createNamespace, deleteNamespace } from '../harness/namespaces.ts'
import { executorsOf, followPod, podLog, waitForSuccess } from '../harness/pods.ts'
import { submit } from '../harness/submit.ts'

const namespace = `smoke-${process.pid}`
let cluster: Cluster

before(async () => {
  cluster = await connectCluster()
  await createNamespace(cluster, namespace)
})
after(() => deleteNamespace(cluster, namespace))

describe('the cluster harness', () => {
  test('a Spark job without spark-nanny → completes with one executor', async (context) => {
    const timeline = await followPod(cluster, { namespace, pod: 'pi-driver' })
    try {
      const driver = await submit(cluster, {
        name: 'pi',
        namespace,
        mode: 'pi',
        conf: { 'spark.kubernetes.executor.deleteOnTermination': 'false' },
      })
      context.diagnostic(`submitted in ${driver.createdAt - driver.submittedAt} ms`)
      await waitForSuccess(cluster, driver, 180_000)
      assert.match(await podLog(cluster, driver), /app: pi is roughly 3\./)
      assert.equal((await executorsOf(cluster, namespace, driver.applicationId)).length, 1)
    } finally {
      timeline.stop()
      context.diagnostic(`timeline of the driver\n${timeline.text()}`)
    }
  })
})
