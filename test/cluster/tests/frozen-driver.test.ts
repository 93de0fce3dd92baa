import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Cluster, connectCluster } from '../harness/cluster.ts'
import { createNamespace, deleteNamespace } from '../harness/namespaces.ts'
import { containerStatus, executorsOf, freezeDriver, getPod, isReady, waitForLog, waitForPod } from '../harness/pods.ts'
import { describeFigures, start, waitForJobs, waitForRestart } from '../harness/scenario.ts'
import { isInjected, sidecarStatus } from '../harness/sidecar.ts'
import { startWebhook, type Webhook } from '../harness/webhook.ts'

const namespace = `frozen-${process.pid}`
let cluster: Cluster
let webhook: Webhook

before(async () => {
  cluster = await connectCluster()
  await createNamespace(cluster, namespace, { 'spark-nanny.io/inject': 'enabled', webhook: 'frozen' })
  webhook = await startWebhook(cluster, { name: 'frozen' })
})
after(async () => {
  await deleteNamespace(cluster, namespace)
  await webhook?.stop()
})

describe('a frozen driver', () => {
  test('a frozen JVM → is restarted in the same pod with new executors, and its work continues', async (context) => {
    const driver = await start(cluster, context, namespace, { name: 'frozen', mode: 'loop', executors: 1 })
    await waitForJobs(cluster, driver, 3)
    const before = await waitForPod(cluster, driver, { what: 'Ready', timeoutMs: 30_000 }, isReady)
    assert.ok(isInjected(before))

    const hungAt = Date.now()
    await freezeDriver(cluster, driver)
    const figures = await waitForRestart(driver, hungAt, 1)
    context.diagnostic(`default settings: ${describeFigures(figures)}`)
    // The limit of the design. A watch observes both ends, and only the kubelet acts between them.
    assert.ok(figures.verdictToStarted <= 5, `verdict → started again took ${figures.verdictToStarted} s`)

    await waitForJobs(cluster, driver, 3)
    context.diagnostic(`hang → computing again ${Math.round((Date.now() - hungAt) / 100) / 10} s`)
    const [, id] = await waitForLog(cluster, driver, /app: context up (\S+)/, { timeoutMs: 5_000 })
    assert.equal(id, `${driver.applicationId}-2`, 'the second driver has an application id of its own')
    assert.equal((await executorsOf(cluster, namespace, `${driver.applicationId}-2`)).length, 1)

    const now = await getPod(cluster, driver)
    assert.equal(now?.metadata?.uid, before?.metadata?.uid)
    assert.equal(now?.status?.podIP, before?.status?.podIP)
    assert.equal(containerStatus(now)?.restartCount, 1)
    const status = await sidecarStatus(cluster, driver)
    assert.equal(status.state, 'alive')
    assert.deepEqual(
      status.restarts?.map(({ reason }) => reason),
      ['frozen'],
    )
  })
})
