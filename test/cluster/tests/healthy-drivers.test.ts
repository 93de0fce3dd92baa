import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Cluster, connectCluster } from '../harness/cluster.ts'
import { hostPid } from '../harness/host-process.ts'
import { crashingSidecarTag } from '../harness/images/crashing-sidecar.ts'
import { createNamespace, deleteNamespace } from '../harness/namespaces.ts'
import {
  containerStatus,
  executorsOf,
  freezeDriver,
  getPod,
  isReady,
  podLog,
  thawDriver,
  waitForLog,
  waitForPod,
  waitForSuccess,
} from '../harness/pods.ts'
import { isRunning, jobsDone, restartsOf, start, staysAlive, waitForEntry, waitForJobs } from '../harness/scenario.ts'
import { isInjected, sidecarStatus } from '../harness/sidecar.ts'
import { startWebhook, type Webhook } from '../harness/webhook.ts'

const namespaces = {
  healthy: `healthy-${process.pid}`,
  crashing: `crashing-${process.pid}`,
  away: `away-${process.pid}`,
}
let cluster: Cluster
const webhooks: Webhook[] = []

before(async () => {
  cluster = await connectCluster()
  for (const [name, namespace] of Object.entries(namespaces)) {
    await createNamespace(cluster, namespace, { 'spark-nanny.io/inject': 'enabled', webhook: name })
    const image = name === 'crashing' ? { sidecarImage: crashingSidecarTag } : {}
    webhooks.push(await startWebhook(cluster, { name, ...image }))
  }
})
after(async () => {
  await Promise.all(Object.values(namespaces).map((namespace) => deleteNamespace(cluster, namespace)))
  await Promise.all(webhooks.map((webhook) => webhook.stop()))
})

/** Checks that jobs continued after all interference with the driver. */
const worksOn = async (driver: Parameters<typeof jobsDone>[1]): Promise<void> => {
  const done = await jobsDone(cluster, driver)
  await waitForJobs(cluster, driver, done + 2, 60_000)
}

describe('healthy drivers', { concurrency: 6 }, () => {
  test('a batch job → completes with its first executors, and its pod ends soon after', async (context) => {
    const driver = await start(cluster, context, namespaces.healthy, {
      name: 'batch',
      mode: 'pi',
      executors: 2,
      // Lost executors would stay and be counted.
      conf: { 'spark.kubernetes.executor.deleteOnTermination': 'false' },
    })
    await waitForSuccess(cluster, driver, 240_000)
    const ended = await waitForEntry(driver, 'Succeeded', 10_000, ({ pod }) => pod.status?.phase === 'Succeeded')
    assert.ok(isInjected(ended.pod))
    const log = await podLog(cluster, driver)
    assert.match(log, /app: pi is roughly 3\./)
    assert.doesNotMatch(log, /ERROR/, 'the driver waits for its own readiness in vain, or lost an executor')
    const executors = await executorsOf(cluster, driver.namespace, driver.applicationId)
    assert.deepEqual(executors.map(({ metadata }) => metadata?.labels?.['spark-exec-id']).sort(), ['1', '2'])
    // A watch returns times as text.
    const finished = (name?: string) =>
      new Date(containerStatus(ended.pod, name)?.state?.terminated?.finishedAt ?? Number.NaN).getTime()
    const lateMs = finished('spark-nanny') - finished()
    context.diagnostic(`the sidecar ended ${lateMs / 1000} s after the driver`)
    // Far below the grace period of 30 s, which a sidecar that ignores SIGTERM would use.
    assert.ok(lateMs <= 10_000, `the sidecar ended ${lateMs} ms after the driver`)
    assert.equal(containerStatus(ended.pod, 'spark-nanny')?.state?.terminated?.exitCode, 0)
  })

  test('a driver that exits slowly after stop() → is not killed, and its job succeeds', async (context) => {
    const driver = await start(cluster, context, namespaces.healthy, {
      name: 'late-end',
      mode: 'late-end',
      args: [60],
    })
    await waitForLog(cluster, driver, /app: context stopped/, { timeoutMs: 240_000 })
    await sleep(20_000)
    assert.equal((await sidecarStatus(cluster, driver)).state, 'stopping')
    await waitForSuccess(cluster, driver, 120_000)
    assert.match(await podLog(cluster, driver), /app: late end after 60 s/)
    assert.equal(containerStatus(await getPod(cluster, driver))?.restartCount, 0)
  })

  test('a sidecar that crashes on startup → the driver starts and keeps running', async (context) => {
    const driver = await start(cluster, context, namespaces.crashing, { name: 'crashing', mode: 'loop' })
    await waitForJobs(cluster, driver, 1)
    const started = await waitForEntry(driver, 'running', 5_000, (entry) => isRunning(entry))
    assert.ok(isInjected(started.pod))
    await staysAlive(driver, 180_000)
    await worksOn(driver)
    const pod = await getPod(cluster, driver)
    const restarts = containerStatus(pod, 'spark-nanny')?.restartCount ?? 0
    context.diagnostic(`the sidecar was restarted ${restarts} times`)
    assert.ok(restarts >= 3, `the sidecar crashed only ${restarts} times`)
  })

  test('a frozen sidecar → the driver starts and keeps running', async (context) => {
    const driver = await start(cluster, context, namespaces.healthy, {
      name: 'frozen-sidecar',
      mode: 'loop',
      settings: { interval: '1s', 'startup-deadline': '30s' },
    })
    // Before the driver can have answered: the file `starting` stays behind.
    await waitForEntry(driver, 'sidecar running', 120_000, (entry) => isRunning(entry, 'spark-nanny'))
    const pid = await hostPid(cluster, driver, 'spark-nanny')
    process.kill(pid, 'SIGSTOP')
    await waitForJobs(cluster, driver, 1)
    await staysAlive(driver, 180_000)
    await worksOn(driver)
    process.kill(pid, 'SIGCONT')
    await waitForPod(cluster, driver, { what: 'Ready after the thaw', timeoutMs: 60_000 }, isReady)
    await staysAlive(driver, 15_000)
  })

  test('pauses shorter than the deadline, like long garbage collections → the driver keeps running', async (context) => {
    const driver = await start(cluster, context, namespaces.healthy, {
      name: 'gc-pauses',
      mode: 'gc-pauses',
      args: [600],
    })
    await waitForJobs(cluster, driver, 2)
    for (let pause = 0; pause < 3; pause++) {
      await freezeDriver(cluster, driver)
      // A JVM that has been stopped for 20 s is frozen.
      await sleep(12_000)
      await thawDriver(cluster, driver)
      await sleep(12_000)
    }
    await staysAlive(driver, 5_000)
    await worksOn(driver)
  })

  test('the UI on port 4041 → the sidecar finds it', async (context) => {
    const driver = await start(cluster, context, namespaces.healthy, {
      name: 'port-4041',
      mode: 'loop',
      conf: { 'spark.ui.port': '4041' },
      settings: { 'startup-deadline': '60s', interval: '1s' },
    })
    await waitForJobs(cluster, driver, 1)
    await waitForPod(cluster, driver, { what: 'Ready', timeoutMs: 60_000 }, isReady)
    assert.equal((await sidecarStatus(cluster, driver)).state, 'alive')
    await staysAlive(driver, 60_000)
  })

  test('the UI disabled → the driver runs past its startup deadline, and the sidecar logs why', async (context) => {
    const driver = await start(cluster, context, namespaces.healthy, {
      name: 'no-ui',
      mode: 'loop',
      conf: { 'spark.ui.enabled': 'false' },
      settings: { 'startup-deadline': '20s', 'stop-deadline': '20s', interval: '1s' },
    })
    await waitForJobs(cluster, driver, 1)
    await staysAlive(driver, 60_000)
    const status = await sidecarStatus(cluster, driver)
    assert.equal(status.state, 'unknown')
    assert.match(JSON.stringify(status), /spark\.ui\.enabled/)
    await worksOn(driver)
  })

  test('a stall-deadline, with a streaming query and a driver that computes between jobs → both keep running', async (context) => {
    const settings = { 'stall-deadline': '10s', interval: '1s' }
    const drivers = await Promise.all(
      (['streaming', 'driver-compute'] as const).map((mode) =>
        start(cluster, context, namespaces.healthy, { name: mode, mode, args: [45], settings }),
      ),
    )
    await Promise.all(drivers.map((driver) => waitForSuccess(cluster, driver, 300_000)))
    for (const driver of drivers) assert.equal(containerStatus(await getPod(cluster, driver))?.restartCount, 0)
  })

  test('the webhook unavailable, then back → drivers start unprotected, then new ones are injected', async (context) => {
    const [, , away] = webhooks
    assert.ok(away)
    await away.stopProcess()
    const without = await start(cluster, context, namespaces.away, { name: 'without', mode: 'pi' })
    assert.equal(isInjected(await getPod(cluster, without)), false)
    await waitForSuccess(cluster, without, 240_000)
    await away.startProcess()
    const injected = await start(cluster, context, namespaces.away, { name: 'with', mode: 'pi' })
    assert.equal(isInjected(await getPod(cluster, injected)), true)
    await waitForSuccess(cluster, injected, 240_000)
    assert.equal(restartsOf({ at: 0, text: '', pod: (await getPod(cluster, injected)) ?? {} }), 0)
  })
})
