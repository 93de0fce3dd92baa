import assert from 'node:assert/strict'
import { after, before, describe, type TestContext, test } from 'node:test'
import { readDriverState } from '../../support/owners/kubeflow-operator.ts'
import { installApacheApplications, ownByApache } from '../harness/apache-owner.ts'
import { installSparkApplications, ownApplication } from '../harness/application-owner.ts'
import { type Cluster, connectCluster } from '../harness/cluster.ts'
import { crashingSidecarTag } from '../harness/images/crashing-sidecar.ts'
import { createNamespace, deleteNamespace } from '../harness/namespaces.ts'
import { eventsOf, freezeDriver, type getPod, waitForLog, waitForPod } from '../harness/pods.ts'
import { waitFor } from '../harness/processes.ts'
import { followDriver, waitForJobs, waitForRestart } from '../harness/scenario.ts'
import { settingsConf } from '../harness/sidecar.ts'
import { startWebhook, type Webhook } from '../harness/webhook.ts'

const unique = process.pid
const namespaces = { works: `owners-works-${unique}`, broken: `owners-broken-${unique}` }
const quick = { interval: '1s', timeout: '5s' }
const annotate = (settings: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(settings).map(([key, value]) => [`spark-nanny.io/${key}`, value]))
let cluster: Cluster
let works: Webhook
/** Each of its sidecars ends with 1 at once. */
let broken: Webhook

before(async () => {
  cluster = await connectCluster()
  await installSparkApplications(cluster)
  await installApacheApplications(cluster)
  for (const namespace of Object.values(namespaces)) {
    await createNamespace(cluster, namespace, { 'spark-nanny.io/inject': 'enabled', webhook: namespace })
  }
  const env = {
    // By default a hang that is judged from outside is only reported.
    SPARK_NANNY_FALLBACK: 'auto',
    SPARK_NANNY_FALLBACK_INTERVAL: '2s',
    SPARK_NANNY_FALLBACK_TIMEOUT: '4s',
  }
  works = await startWebhook(cluster, { name: namespaces.works, env })
  broken = await startWebhook(cluster, { name: namespaces.broken, sidecarImage: crashingSidecarTag, env })
})
after(async () => {
  for (const namespace of Object.values(namespaces)) await deleteNamespace(cluster, namespace)
  await works?.stop()
  await broken?.stop()
})

describe('owners', { concurrency: 2 }, () => {
  /** Less time than a driver whose readiness follows its UI would need. */
  const shortTimeouts = { restartPolicy: 'OnFailure', driverReadyTimeoutMs: 8_000, restartBackoffMs: 1_000 } as const

  async function ownApacheDriver(
    context: TestContext,
    namespace: string,
    driver: Parameters<typeof ownByApache>[2],
    timeouts: Parameters<typeof ownByApache>[3] = shortTimeouts,
  ) {
    const timeline = await followDriver(cluster, context, { namespace, pod: `${driver.name}-1-driver` })
    const owner = await ownByApache(cluster, namespace, driver, timeouts)
    context.after(async () => {
      await owner.stop()
      context.diagnostic(owner.states().join(' → '))
    })
    return { owner, timeline }
  }

  test('Apache’s operator: a healthy driver whose UI is late, while every part of spark-nanny fails → succeeds at the first attempt', async (context) => {
    const driver = { name: 'healthy', mode: 'slow-start', args: [45] } as const
    const { owner, timeline } = await ownApacheDriver(context, namespaces.broken, driver)
    await waitForLog(cluster, owner.driver(1), /app: /, { timeoutMs: 180_000 })
    await broken.stopProcess()
    await waitFor({ what: 'the end', timeoutMs: 240_000 }, async () =>
      owner.states().at(-1) === 'ResourceReleased' ? true : undefined,
    )
    assert.deepEqual(owner.states(), [
      'Submitted',
      'DriverRequested',
      'DriverStarted',
      'DriverReady',
      'RunningHealthy',
      'Succeeded',
      'ResourceReleased',
    ])
    assert.equal(owner.attempts(), 1)
    for (const { pod } of timeline.entries) {
      assert.deepEqual(pod.spec?.initContainers ?? [], [])
      const [container] = pod.spec?.containers ?? []
      assert.deepEqual(
        [container?.startupProbe, container?.livenessProbe, container?.readinessProbe],
        [undefined, undefined, undefined],
      )
    }
    await broken.startProcess()
  })

  test('Apache’s operator: the same with apache-sidecar, and a sidecar that fails → Failed, which is why there is none', async (context) => {
    const driver = {
      name: 'asking',
      mode: 'loop',
      args: [60],
      annotations: annotate({ 'apache-sidecar': 'true' }),
    } as const
    const { owner } = await ownApacheDriver(context, namespaces.broken, driver, { restartPolicy: 'Never' })
    await waitFor({ what: 'the end', timeoutMs: 120_000 }, async () =>
      owner.states().includes('ResourceReleased') ? true : undefined,
    )
    assert.ok(owner.states().includes('Failed'))
    assert.ok(!owner.states().includes('Succeeded'))
  })

  test('Apache’s operator: a frozen driver → in mode auto the controller deletes its pod from outside, and the operator restarts it', async (context) => {
    const { works: namespace } = namespaces
    const annotations = annotate({ 'unresponsive-deadline': '20s', 'busy-deadline': '30s' })
    const { owner } = await ownApacheDriver(context, namespace, { name: 'frozen', mode: 'loop', annotations })
    const first = owner.driver(1)
    await waitForLog(cluster, first, /app: job 1 done/, { timeoutMs: 180_000 })
    // The driver is old enough to be polled, and has answered.
    await waitFor({ what: 'the Event', timeoutMs: 60_000 }, async () =>
      (await eventsOf(cluster, first)).find(({ reason }) => reason === 'SparkNannyJudgedFromOutside'),
    )
    await waitFor({ what: 'polls', timeoutMs: 120_000 }, async () => {
      const metrics = await (await fetch(works.metricsUrl)).text()
      return /spark_nanny_poke_duration_seconds_count\{[^}]*"frozen"[^}]*\} [2-9]/.test(metrics) ? true : undefined
    })
    const hungAt = Date.now()
    await freezeDriver(cluster, first)
    const isDeleted = (pod: Awaited<ReturnType<typeof getPod>>) => pod?.metadata?.deletionTimestamp !== undefined
    await waitForPod(
      cluster,
      first,
      { what: 'deleted', timeoutMs: 120_000 },
      (pod) => pod === undefined || isDeleted(pod),
    )
    context.diagnostic(`hang → deleted ${(Date.now() - hungAt) / 1000} s`)
    const deleted = (await eventsOf(cluster, first)).filter(({ reason }) => reason === 'SparkNannyPodDeleted')
    assert.equal(deleted.length, 1, 'not the operator, but the controller deleted it')
    await waitFor({ what: 'the next driver', timeoutMs: 120_000 }, async () =>
      owner.attempts() === 2 ? true : undefined,
    )
    await waitForLog(cluster, owner.driver(2), /app: job 1 done/, { timeoutMs: 180_000 })
    context.diagnostic(`hang → computing again ${(Date.now() - hungAt) / 1000} s`)
  })

  test('kubeflow’s operator, reconciling all the time during restarts in place → never Failed, never a second driver', async (context) => {
    const { works: namespace } = namespaces
    const settings = { ...quick, 'restart-backoff': '1s', 'frozen-deadline': '10s' }
    const timeline = await followDriver(cluster, context, { namespace, pod: 'raced-driver' })
    const owner = await ownApplication(
      cluster,
      { namespace, name: 'raced', mode: 'loop', conf: settingsConf(settings) },
      { restartPolicy: 'Always', reconcileEveryMs: 20 },
    )
    context.after(async () => {
      await owner.stop()
      context.diagnostic(`${owner.reconciliations()} reconciliations: ${owner.states().join(' → ')}`)
    })
    await waitForLog(cluster, owner, /app: job 1 done/, { timeoutMs: 180_000 })
    for (let restart = 1; restart <= 3; restart += 1) {
      const hungAt = Date.now()
      await freezeDriver(cluster, owner)
      await waitForRestart({ ...owner, timeline, applicationId: '', submittedAt: 0, createdAt: 0 }, hungAt, restart)
      await waitForJobs(cluster, owner, 1)
    }
    assert.equal(owner.uids.length, 1)
    const states = new Set(timeline.entries.map(({ pod }) => readDriverState(pod as object)))
    assert.deepEqual(
      [...states].toSorted(),
      ['RUNNING', 'SUBMITTED'],
      'at no moment would an executor’s event have shown a failure',
    )
    assert.deepEqual(new Set(owner.states()), new Set(['NEW', 'SUBMITTED', 'RUNNING']))
    assert.ok(owner.reconciliations() > 300)
  })
})
