import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Cluster, connectCluster } from '../harness/cluster.ts'
import { createNamespace, deleteNamespace } from '../harness/namespaces.ts'
import { containerStatus, eventsOf, getPod, waitForSuccess } from '../harness/pods.ts'
import { waitFor } from '../harness/processes.ts'
import { isRunning, start, waitForEntry } from '../harness/scenario.ts'
import { sparkTag } from '../harness/spark/image.ts'
import { startWebhook, type Webhook } from '../harness/webhook.ts'

const missing = 'registry.invalid/spark-nanny-sidecar:missing'
/** How the sidecar's image fails, and its pull policy. */
const cases = {
  pulled: { image: missing, policy: 'IfNotPresent' },
  never: { image: 'localhost/spark-nanny-sidecar:missing', policy: 'Never' },
  // A unique image, because each webhook counts all drivers with its image.
  broken: { image: `registry.invalid/spark-nanny-sidecar:broken-${process.pid}`, policy: 'IfNotPresent' },
} as const
type Case = keyof typeof cases
const namespaceOf = (name: Case) => `bypass-${name}-${process.pid}`
const webhooks: Webhook[] = []
let cluster: Cluster

before(async () => {
  cluster = await connectCluster()
  for (const name of Object.keys(cases) as Case[]) {
    const { image, policy } = cases[name]
    const webhook = namespaceOf(name)
    await createNamespace(cluster, namespaceOf(name), { 'spark-nanny.io/inject': 'enabled', webhook })
    const env = { SPARK_NANNY_SIDECAR_IMAGE_PULL_POLICY: policy }
    webhooks.push(await startWebhook(cluster, { name: webhook, sidecarImage: image, env }))
  }
})
after(async () => {
  for (const name of Object.keys(cases) as Case[]) await deleteNamespace(cluster, namespaceOf(name))
  for (const webhook of webhooks) await webhook.stop()
})

/** A pod that every part of spark-nanny considers a driver. Its container only sleeps. */
const sleepingDriver = (name: string, namespace: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace, labels: { 'spark-role': 'driver', 'spark-app-selector': `spark-${name}` } },
  spec: {
    restartPolicy: 'Never',
    terminationGracePeriodSeconds: 1,
    containers: [{ name: 'spark-kubernetes-driver', image: 'localhost/pause:1', imagePullPolicy: 'Never' }],
  },
})

describe('sidecar bypass', { concurrency: 2 }, () => {
  for (const name of ['pulled', 'never'] as const) {
    test(`a sidecar image that does not exist (pull policy ${cases[name].policy}) → the sidecar is bypassed, and Spark runs`, async (context) => {
      const namespace = namespaceOf(name)
      const driver = await start(cluster, context, namespace, { name, mode: 'pi' })
      const sign = await waitForEntry(driver, 'the sidecar cannot be had', 120_000, ({ pod }) =>
        /ErrImage|ImagePullBackOff/.test(containerStatus(pod, 'spark-nanny')?.state?.waiting?.reason ?? ''),
      )
      const started = await waitForEntry(driver, 'driver running', 120_000, (entry) => isRunning(entry))
      const tookMs = started.at - sign.at
      context.diagnostic(`first sign → driver running ${tookMs / 1000} s`)
      assert.ok(tookMs <= 30_000, `held back for ${tookMs} ms`)
      await waitForSuccess(cluster, driver, 180_000)
      const pod = await getPod(cluster, driver)
      assert.equal(pod?.spec?.initContainers?.find((container) => container.name === 'spark-nanny')?.image, sparkTag)
      assert.match(
        pod?.metadata?.annotations?.['spark-nanny.io/sidecar-bypassed'] ?? '',
        new RegExp(`Z ${cases[name].image} \\w+$`),
      )
      const reported = (await eventsOf(cluster, driver)).filter(({ reason }) => reason?.startsWith('SparkNanny'))
      assert.deepEqual(reported.map(({ reason }) => reason).toSorted(), [
        'SparkNannyStartupBlocked',
        'SparkNannyUnprotected',
      ])
      assert.ok(reported.every(({ count }) => count === 1))
    })
  }

  test('three bypassed sidecars in a row → new drivers get no sidecar, and the log gives the reason', async (context) => {
    const namespace = namespaceOf('broken')
    for (const name of ['a', 'b', 'c']) {
      await cluster.objects.create(sleepingDriver(name, namespace))
      await waitFor({ what: `${name} runs`, timeoutMs: 120_000 }, async () => {
        const pod = await getPod(cluster, { namespace, pod: name })
        return containerStatus(pod)?.state?.running ? true : undefined
      })
    }
    // One driver per minute is injected as a test, and its sidecar is bypassed like the others.
    const kinds: boolean[] = []
    for (const name of ['d', 'e', 'f']) {
      await cluster.objects.create(sleepingDriver(name, namespace))
      const pod = await getPod(cluster, { namespace, pod: name })
      kinds.push(pod?.spec?.initContainers?.some((container) => container.name === 'spark-nanny') === true)
      await waitFor({ what: `${name} runs`, timeoutMs: 120_000 }, async () => {
        const seen = await getPod(cluster, { namespace, pod: name })
        return containerStatus(seen)?.state?.running ? true : undefined
      })
    }
    context.diagnostic(`injected: ${kinds.join(', ')}`)
    assert.deepEqual(kinds, [true, false, false], 'the first finds out for a minute')
    const metrics = await (await fetch(webhooks.at(-1)?.metricsUrl ?? '')).text()
    assert.match(metrics, /spark_nanny_circuit_breaker_open\{breaker="sidecar-image"\} 1/)
    assert.match(metrics, /spark_nanny_admissions_total\{result="skip",reason="sidecar-image-failing",kind="Pod"\} 2/)
  })
})
