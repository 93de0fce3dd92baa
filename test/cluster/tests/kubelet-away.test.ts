import assert from 'node:assert/strict'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, type TestContext, test } from 'node:test'
import { toRecord } from '../../../core/json.ts'
import { installSparkApplications, type Owner, ownApplication } from '../harness/application-owner.ts'
import { type Cluster, connectCluster } from '../harness/cluster.ts'
import { hostPid } from '../harness/host-process.ts'
import { addStandbyNode, pauseKubelet, sidecarEnd, waitForNode, writeSidecarExit } from '../harness/kubelet.ts'
import { createNamespace, deleteNamespace } from '../harness/namespaces.ts'
import {
  containerStatus,
  eventsOf,
  followPod,
  freezeDriver,
  getPod,
  isReady,
  type PodRef,
  waitForLog,
  waitForPod,
} from '../harness/pods.ts'
import { waitFor } from '../harness/processes.ts'
import { jobsDone, restartsOf, start } from '../harness/scenario.ts'
import { settingsConf, sidecarStatus } from '../harness/sidecar.ts'
import { startWebhook, type Webhook } from '../harness/webhook.ts'

const namespace = `away-${process.pid}`
/** While the kubelet is paused, no probe records the processes: these two deadlines judge a silence. */
const quick = { interval: '1s', timeout: '5s', 'unresponsive-deadline': '20s', 'busy-deadline': '30s' }
let cluster: Cluster
let webhook: Webhook
let resumeKubelet = () => {}
let removeNode = async () => {}
let folder = ''

before(async () => {
  cluster = await connectCluster()
  await installSparkApplications(cluster)
  await createNamespace(cluster, namespace, { 'spark-nanny.io/inject': 'enabled', webhook: namespace })
  removeNode = await addStandbyNode(cluster, `standby-${process.pid}`)
  folder = join(cluster.runDir, namespace)
  mkdirSync(folder, { recursive: true })
  // Most drivers hang at once, and others of the cluster may have spent its budget.
  const env = { SPARK_NANNY_BREAKER_SHARE: '1', SPARK_NANNY_BUDGET_CLUSTER: '100000' }
  webhook = await startWebhook(cluster, { name: namespace, env })
})
after(async () => {
  resumeKubelet()
  await removeNode()
  await deleteNamespace(cluster, namespace)
  await webhook?.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** Settings of a driver that is evicted soon after its node stops reporting, with a short grace period. */
const templateConf = (name: string, tolerationSeconds: number): Record<string, string> => {
  const file = join(folder, `${name}.json`)
  const tolerations = ['unreachable', 'not-ready'].map((taint) => ({
    key: `node.kubernetes.io/${taint}`,
    operator: 'Exists',
    effect: 'NoExecute',
    tolerationSeconds,
  }))
  writeFileSync(file, JSON.stringify({ spec: { terminationGracePeriodSeconds: 2, tolerations } }))
  return { 'spark.kubernetes.driver.podTemplateFile': file }
}

const own = async (
  context: TestContext,
  name: string,
  tolerationSeconds: number,
  settings: Readonly<Record<string, string>>,
): Promise<Owner> => {
  const conf = { ...templateConf(name, tolerationSeconds), ...settingsConf(settings) }
  const owner = await ownApplication(cluster, { namespace, name, mode: 'loop', conf })
  context.after(() => owner.stop())
  return owner
}

const computes = (ref: PodRef) => waitForLog(cluster, ref, /app: job 1 done/, { timeoutMs: 180_000 })
const isLeaving = (ref: PodRef, what: string, timeoutMs: number) =>
  waitForPod(cluster, ref, { what, timeoutMs }, (pod) => pod?.metadata?.deletionTimestamp !== undefined)
const anotherComputes = async (owner: Owner, count: number) => {
  await waitFor({ what: `driver ${count} of ${owner.pod}`, timeoutMs: 120_000 }, async () =>
    owner.uids.length >= count ? true : undefined,
  )
  await computes(owner)
}
const eventsWithReason = async (ref: PodRef, reason: string) =>
  (await eventsOf(cluster, ref)).filter((event) => event.reason === reason)
const figures = async () => (await fetch(webhook.metricsUrl)).text()
const notReadySince = async (ref: PodRef): Promise<number | undefined> => {
  const condition = (await getPod(cluster, ref))?.status?.conditions?.find(({ type }) => type === 'Ready')
  return condition?.status === 'False' ? condition.lastTransitionTime?.getTime() : undefined
}
const actionsOf = async (name: string): Promise<unknown[]> => {
  const text = await cluster.kubectl([
    '-n',
    namespace,
    'get',
    'sparkapplications.sparkoperator.k8s.io',
    name,
    '-o',
    'json',
  ])
  const annotations = toRecord(toRecord(toRecord(JSON.parse(text)).metadata).annotations)
  const { actions = [] } = toRecord(JSON.parse(String(annotations['spark-nanny.io/actions'] ?? '{}')))
  return actions as unknown[]
}

describe('an unavailable kubelet', () => {
  test('a kubelet that is stopped for three minutes → no healthy driver is killed, and each hung one is handled once', async (context) => {
    const healthy = await start(cluster, context, namespace, { name: 'healthy', mode: 'loop' })
    // A verdict makes this pod fail.
    const hung = await own(context, 'hung', 300, { ...quick, restart: 'resubmit' })
    // A verdict restarts these in place.
    const back = await own(context, 'back', 300, quick)
    const timeline = await followPod(cluster, back)
    context.after(() => {
      timeline.stop()
      context.diagnostic(`back\n${timeline.text()}`)
    })
    const raced = await own(context, 'raced', 300, quick)
    const lost = await own(context, 'lost', 5, {})
    for (const ref of [healthy, hung, back, raced, lost]) {
      await computes(ref)
      await waitForPod(cluster, ref, { what: 'Ready', timeoutMs: 30_000 }, isReady)
    }
    const jobsBefore = await jobsDone(cluster, healthy)
    for (const ref of [hung, back, raced, lost]) await freezeDriver(cluster, ref)
    process.kill(await hostPid(cluster, lost, 'spark-nanny'), 'SIGSTOP')
    resumeKubelet = pauseKubelet()
    const pausedMs = Date.now()
    const since = () => `${Math.round((Date.now() - pausedMs) / 100) / 10} s after the pause`
    const exitedMs = await sidecarEnd(cluster, raced)
    context.diagnostic(`the sidecar of raced ended unnoticed: ${since()}`)
    await waitForNode(cluster, 'Unknown', 90_000)
    context.diagnostic(`the node is Unknown: ${since()}`)

    await context.test(
      'a hung driver on which the kubelet does not act → its pod is deleted as soon as that is known',
      async () => {
        await isLeaving(hung, 'deleted', 240_000)
        context.diagnostic(`hung is deleted: ${since()}`)
        await waitFor({ what: 'the Event', timeoutMs: 20_000 }, async () =>
          (await eventsWithReason(hung, 'SparkNannyPodDeleted')).length > 0 ? true : undefined,
        )
        assert.deepEqual((await actionsOf('hung')).length, 1, 'recorded')
        assert.match(await figures(), /spark_nanny_kill_count\{spark_app="hung"\} 1/)
      },
    )

    await context.test(
      'a driver on a lost node → an Event reports the stuck termination, and nothing is force-deleted',
      async () => {
        const pod = await isLeaving(lost, 'deleted by Kubernetes', 30_000)
        assert.match(JSON.stringify(pod?.status?.conditions), /DeletionByTaintManager/)
        const [event] = await waitFor({ what: 'the Event', timeoutMs: 120_000 }, async () => {
          const events = await eventsWithReason(lost, 'SparkNannyDriverStuck')
          return events.length > 0 ? events : undefined
        })
        context.diagnostic(`lost is reported: ${since()}: ${event?.message}`)
        assert.match(
          event?.message ?? '',
          /node spark-nanny-node is not Ready since .*two drivers could write at the same time.*No pod is force-deleted/,
        )
        assert.match(
          await figures(),
          new RegExp(`spark_nanny_stuck_drivers\\{namespace="${namespace}",reason="terminating"\\} 1`),
        )
        assert.equal((await getPod(cluster, lost))?.metadata?.uid, lost.uids[0], 'the pod still exists')
        assert.deepEqual(await eventsWithReason(lost, 'SparkNannyPodDeleted'), [])
      },
    )

    await context.test('a healthy driver that the node controller marks NotReady → is not deleted', async () => {
      const sinceMs = await notReadySince(healthy)
      assert.ok(sinceMs !== undefined)
      // By then its sidecar has been polled, as that of the hung driver was.
      await waitFor({ what: 'not Ready for long enough', timeoutMs: 60_000 }, async () =>
        Date.now() - sinceMs > 125_000 ? true : undefined,
      )
      context.diagnostic(`healthy is not Ready for ${Math.round((Date.now() - sinceMs) / 1000)} s`)
      assert.equal((await getPod(cluster, healthy))?.metadata?.deletionTimestamp, undefined)
      assert.equal((await sidecarStatus(cluster, healthy)).state, 'alive')
    })

    // The sidecar's exit code becomes known at the moment at which the kubelet can act on it.
    resumeKubelet()
    await writeSidecarExit(cluster, raced, exitedMs)
    context.diagnostic(`the kubelet is resumed: ${since()}`)
    await waitForNode(cluster, 'True', 60_000)

    await context.test('the healthy driver → has kept running', async () => {
      await waitForPod(cluster, healthy, { what: 'Ready', timeoutMs: 30_000 }, isReady)
      const jobs = await jobsDone(cluster, healthy)
      context.diagnostic(`healthy did ${jobs - jobsBefore} jobs in ${since()}`)
      // Each job takes a second, on a machine that may be busy.
      assert.ok(jobs - jobsBefore > 60)
      assert.ok(healthy.timeline.entries.every((entry) => restartsOf(entry) === 0))
      const events = (await eventsOf(cluster, healthy)).filter(({ reason }) => reason?.startsWith('SparkNanny'))
      assert.deepEqual(events, [])
    })

    for (const [name, owner] of Object.entries({ hung, lost })) {
      await context.test(`${name}, when the kubelet is back → terminates and is resubmitted once`, async () => {
        await anotherComputes(owner, 2)
        context.diagnostic(`${name} computes again: ${since()}`)
        assert.equal((await actionsOf(name)).length, name === 'hung' ? 1 : 0)
      })
    }

    await context.test('a kubelet that returns → restarts the driver in place, and nothing is deleted', async () => {
      await waitFor({ what: 'back was started again', timeoutMs: 120_000 }, async () =>
        (containerStatus(await getPod(cluster, back))?.restartCount ?? 0) > 0 ? true : undefined,
      )
      await computes(back)
      context.diagnostic(`back computes again: ${since()}`)
      assert.deepEqual(await eventsWithReason(back, 'SparkNannyPodDeleted'), [])
      assert.deepEqual(
        await eventsWithReason(back, 'SparkNannyStartupBlocked'),
        [],
        'a restarted sidecar blocks no startup',
      )
      assert.equal((await getPod(cluster, back))?.metadata?.uid, back.uids[0])
    })

    await context.test(
      'a kubelet and a controller that act at the same time → only one of them takes effect',
      async () => {
        await waitFor({ what: 'raced was started again', timeoutMs: 120_000 }, async () => {
          const pod = await getPod(cluster, raced)
          const again = pod?.metadata?.uid !== raced.uids[0] || (containerStatus(pod)?.restartCount ?? 0) > 0
          return again && isReady(pod) ? true : undefined
        })
        await computes(raced)
        const deletions = await eventsWithReason(raced, 'SparkNannyPodDeleted')
        const restarts = containerStatus(await getPod(cluster, raced))?.restartCount ?? 0
        context.diagnostic(`raced: ${raced.uids.length - 1} pods deleted, ${restarts} restarts in place`)
        assert.equal(raced.uids.length - 1, deletions.length)
        assert.equal(raced.uids.length - 1 + restarts, 1)
      },
    )
  })
})
