import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { installSparkApplications, ownApplication } from '../harness/application-owner.ts'
import { type Cluster, connectCluster } from '../harness/cluster.ts'
import { createNamespace, deleteNamespace } from '../harness/namespaces.ts'
import { eventsOf, executorsOf, freezeDriver, getPod, podLog, waitForLog, waitForPod } from '../harness/pods.ts'
import { waitFor } from '../harness/processes.ts'
import { start, waitForJobs, waitForRestart } from '../harness/scenario.ts'
import { settingsConf } from '../harness/sidecar.ts'
import { startWebhook, type Webhook } from '../harness/webhook.ts'

const namespaces = { guarded: `controller-guarded-${process.pid}`, bare: `controller-bare-${process.pid}` }
/** Unique, because two runs can share a cluster. */
const webhook = `controller-${process.pid}`
let cluster: Cluster
const webhooks: Webhook[] = []

before(async () => {
  cluster = await connectCluster()
  await installSparkApplications(cluster)
  await createNamespace(cluster, namespaces.guarded, { 'spark-nanny.io/inject': 'enabled', webhook })
  // The controller watches its drivers, but no webhook injects a sidecar, as if the webhook had been unavailable.
  await createNamespace(cluster, namespaces.bare, { looked: `after-${process.pid}` })
  webhooks.push(await startWebhook(cluster, { name: webhook }))
  const env = {
    SPARK_NANNY_NAMESPACE_SELECTOR: `looked=after-${process.pid}`,
    SPARK_NANNY_FALLBACK: 'delete',
    SPARK_NANNY_FALLBACK_INTERVAL: '2s',
    SPARK_NANNY_FALLBACK_TIMEOUT: '4s',
  }
  webhooks.push(await startWebhook(cluster, { name: `${webhook}-bare`, env }))
})
after(async () => {
  for (const namespace of Object.values(namespaces)) await deleteNamespace(cluster, namespace)
  for (const webhook of webhooks) await webhook.stop()
})

const sparkNannyEvents = async (namespace: string, pod: string) =>
  (await eventsOf(cluster, { namespace, pod })).filter(({ reason }) => reason?.startsWith('SparkNanny'))

describe('controller', { concurrency: 2 }, () => {
  test('a driver restarted in place, with a fixed executor prefix → its old executors are deleted, its new ones stay', async (context) => {
    const driver = await start(cluster, context, namespaces.guarded, {
      name: 'prefixed',
      mode: 'loop',
      settings: { interval: '1s', timeout: '5s' },
      conf: { 'spark.kubernetes.executor.podNamePrefix': 'prefixed' },
    })
    await waitForJobs(cluster, driver, 1)
    const first = (await executorsOf(cluster, driver.namespace, driver.applicationId)).map(
      ({ metadata }) => metadata?.uid,
    )
    assert.ok(first.length > 0)
    const hungAt = Date.now()
    await freezeDriver(cluster, driver)
    await waitForRestart(driver, hungAt, 1)
    await waitForJobs(cluster, driver, 2)
    const second = await executorsOf(cluster, driver.namespace, `${driver.applicationId}-2`)
    const left = await executorsOf(cluster, driver.namespace, driver.applicationId)
    context.diagnostic(
      `first ${first.length}, left ${left.length}; second ${second.map(({ metadata }) => metadata?.name).join(', ')}`,
    )
    assert.ok(left.every(({ metadata }) => metadata?.deletionTimestamp !== undefined))
    assert.ok(second.length > 0)
    await sleep(15_000)
    const later = await executorsOf(cluster, driver.namespace, `${driver.applicationId}-2`)
    assert.deepEqual(
      later.map(({ metadata }) => metadata?.uid),
      second.map(({ metadata }) => metadata?.uid),
      'none of the second driver’s was touched',
    )
    const events = await sparkNannyEvents(driver.namespace, driver.pod)
    context.diagnostic(events.map(({ reason, message }) => `${reason}: ${message}`).join('\n'))
    // Spark logs this when the API server rejects a second pod with the same name.
    const lines = (await podLog(cluster, driver)).split('\n')
    const collisions = lines.filter((line) => /AlreadyExists|pods "[^"]*" already exists/.test(line))
    assert.deepEqual(collisions, [], 'the second driver’s executors found their names free')
    const cleanUps = events.filter(({ reason }) => reason === 'SparkNannyDriverRestarted')
    assert.equal(cleanUps.length, 1)
    assert.match(
      cleanUps[0]?.message ?? '',
      /^The driver was restarted in place \(restart 1\)\. spark-nanny deleted .*: prefixed-exec-\d/,
    )
  })

  test('a verdict without a liveness probe, on which the kubelet cannot act → the controller deletes the pod', async (context) => {
    const { guarded: namespace } = namespaces
    const settings = {
      interval: '1s',
      timeout: '5s',
      'probe-handler': 'http',
      restart: 'resubmit',
      // Without exec, nothing is known about the processes.
      'unresponsive-deadline': '20s',
    }
    const owner = await ownApplication(cluster, {
      namespace,
      name: 'unacted',
      mode: 'loop',
      conf: settingsConf(settings),
    })
    context.after(() => owner.stop())
    await waitFor({ what: 'a driver', timeoutMs: 120_000 }, async () => (owner.uids.length > 0 ? true : undefined))
    await waitForLog(cluster, owner, /app: job 1 done/, { timeoutMs: 180_000 })
    const hungAt = Date.now()
    await freezeDriver(cluster, owner)
    await waitFor({ what: 'the next driver', timeoutMs: 300_000 }, async () =>
      owner.uids.length > 1 ? true : undefined,
    )
    context.diagnostic(`hang → submitted again ${(Date.now() - hungAt) / 1000} s`)
    await waitForLog(cluster, owner, /app: job 1 done/, { timeoutMs: 180_000 })
  })

  test('a hung unprotected driver → its pod is deleted, its owner resubmits, and the deletion is recorded', async (context) => {
    const { bare: namespace } = namespaces
    const settings = { 'unresponsive-deadline': '20s' }
    const conf = settingsConf(settings)
    const owner = await ownApplication(cluster, { namespace, name: 'bare', mode: 'loop', conf })
    context.after(() => owner.stop())
    const plain = await start(cluster, context, namespace, { name: 'plain', mode: 'loop', settings })
    await waitFor({ what: 'a driver', timeoutMs: 120_000 }, async () => (owner.uids.length > 0 ? true : undefined))
    await waitForLog(cluster, owner, /app: job 1 done/, { timeoutMs: 180_000 })
    await waitForJobs(cluster, plain, 1)
    // The driver is old enough to be polled, and has answered.
    await sleep(75_000)
    assert.equal(
      (await sparkNannyEvents(namespace, owner.pod)).map(({ reason }) => reason).join(),
      'SparkNannyUnprotected',
    )
    const hungAt = Date.now()
    await freezeDriver(cluster, owner)
    const deleted = await waitForPod(
      cluster,
      owner,
      { what: 'deleted', timeoutMs: 60_000 },
      (pod) => pod?.metadata?.deletionTimestamp !== undefined,
    )
    context.diagnostic(`hang → deleted ${(Date.now() - hungAt) / 1000} s`)
    assert.equal(deleted?.metadata?.deletionGracePeriodSeconds, 30, 'its own grace period')
    await waitFor({ what: 'the next driver', timeoutMs: 180_000 }, async () =>
      owner.uids.length > 1 ? true : undefined,
    )
    await waitForLog(cluster, owner, /app: job 1 done/, { timeoutMs: 180_000 })
    context.diagnostic(`hang → computing again ${(Date.now() - hungAt) / 1000} s`)
    assert.notEqual((await getPod(cluster, owner))?.metadata?.uid, owner.uids[0])
    const application = JSON.parse(
      await cluster.kubectl(['-n', namespace, 'get', 'sparkapplications.sparkoperator.k8s.io', 'bare', '-o', 'json']),
    )
    const history = JSON.parse(application.metadata.annotations['spark-nanny.io/actions'])
    assert.deepEqual(
      history.actions.map(({ pod }: { pod: string }) => pod),
      [owner.uids[0]],
    )
    const metrics = await (await fetch(webhooks.at(-1)?.metricsUrl ?? '')).text()
    assert.match(metrics, /spark_nanny_kill_count\{spark_app="bare"\} 1/)
    assert.match(
      metrics,
      /spark_nanny_driver_terminations_total\{namespace="[^"]*",application="bare",cause="hung"\} 1/,
    )

    // Not earlier: if all drivers of a namespace hang, the controller assumes a network failure.
    await context.test('a hung driver without an owner → its pod stays, and an Event gives the reason', async () => {
      await freezeDriver(cluster, plain)
      const [event] = await waitFor({ what: 'the Event', timeoutMs: 60_000 }, async () => {
        const events = (await sparkNannyEvents(namespace, plain.pod)).filter(
          ({ reason }) => reason === 'SparkNannyDeletionBlocked',
        )
        return events.length > 0 ? events : undefined
      })
      assert.match(
        event?.message ?? '',
        /^Driver hangs \(.+\)\. spark-nanny did not delete the pod: no owner is known that would start the driver again\.$/,
      )
      // A few more failed polls.
      await sleep(15_000)
      const reasons = (await sparkNannyEvents(namespace, plain.pod)).map(({ reason }) => reason).toSorted()
      assert.deepEqual(reasons, ['SparkNannyDeletionBlocked', 'SparkNannyUnprotected'])
      assert.ok(plain.timeline.entries.every(({ pod }) => pod.metadata?.deletionTimestamp === undefined))
      assert.equal((await getPod(cluster, plain))?.status?.phase, 'Running')
      const figures = await (await fetch(webhooks.at(-1)?.metricsUrl ?? '')).text()
      assert.doesNotMatch(figures, /spark_nanny_kill_count\{spark_app="plain"\}/)
      assert.match(figures, /spark_nanny_actions_total\{action="delete-pod",result="suppressed"\} [1-9]/)
    })
  })
})
