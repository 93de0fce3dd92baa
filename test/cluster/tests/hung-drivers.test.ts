import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Cluster, connectCluster } from '../harness/cluster.ts'
import { createNamespace, deleteNamespace } from '../harness/namespaces.ts'
import { containerStatus, execInPod, freezeDriver, waitForEnd, waitForLog } from '../harness/pods.ts'
import { waitFor } from '../harness/processes.ts'
import { describeFigures, start, staysAlive, waitForEntry, waitForJobs, waitForRestart } from '../harness/scenario.ts'
import { sidecarStatus } from '../harness/sidecar.ts'
import { startWebhook, type Webhook } from '../harness/webhook.ts'

const namespace = `hung-${process.pid}`
/** The verdict comes as soon as with the defaults, but no poll waits for long. */
const quick = { interval: '1s', timeout: '5s' }
let cluster: Cluster
let webhook: Webhook

before(async () => {
  cluster = await connectCluster()
  await createNamespace(cluster, namespace, { 'spark-nanny.io/inject': 'enabled', webhook: 'hung' })
  webhook = await startWebhook(cluster, { name: 'hung' })
})
after(async () => {
  await deleteNamespace(cluster, namespace)
  await webhook?.stop()
})

describe('hung drivers', { concurrency: 4 }, () => {
  test('restart: resubmit → the pod fails, and /status and the termination message give the reason', async (context) => {
    const settings = { ...quick, restart: 'resubmit' }
    const driver = await start(cluster, context, namespace, { name: 'resubmit', mode: 'loop', settings })
    await waitForJobs(cluster, driver, 1)
    const hungAt = Date.now()
    await freezeDriver(cluster, driver)
    const status = await waitFor({ what: 'hung on /status', timeoutMs: 60_000 }, async () => {
      const seen = await sidecarStatus(cluster, driver)
      return seen.state === 'hung' ? seen : undefined
    })
    const verdictAt = Date.now()
    assert.equal(status.reason, 'frozen')
    assert.equal(await waitForEnd(cluster, driver, 180_000), 'Failed')
    context.diagnostic(`hang → verdict ${(verdictAt - hungAt) / 1000} s → Failed ${(Date.now() - verdictAt) / 1000} s`)
    const ended = await waitForEntry(
      driver,
      'sidecar ended',
      30_000,
      ({ pod }) => containerStatus(pod, 'spark-nanny')?.state?.terminated !== undefined,
    )
    const terminated = containerStatus(ended.pod, 'spark-nanny')?.state?.terminated
    assert.equal(terminated?.exitCode, 0)
    assert.match(terminated?.message ?? '', /frozen/)
    const driverEnd = containerStatus(ended.pod)?.state?.terminated
    assert.equal(driverEnd?.exitCode, 142, 'its probe ended it')
    assert.match(driverEnd?.message ?? '', /frozen/)
    assert.equal(containerStatus(ended.pod)?.restartCount, 0)
  })

  test('restart in place with a rolling event log → the second driver starts, and both attempts keep their logs', async (context) => {
    const volume = 'spark.kubernetes.driver.volumes.emptyDir.events.mount'
    const driver = await start(cluster, context, namespace, {
      name: 'eventlog',
      mode: 'loop',
      settings: quick,
      conf: {
        [`${volume}.path`]: '/events',
        [`${volume}.readOnly`]: 'false',
        'spark.eventLog.enabled': 'true',
        'spark.eventLog.rolling.enabled': 'true',
        'spark.eventLog.compress': 'false',
        'spark.eventLog.dir': 'file:///events',
      },
    })
    await waitForJobs(cluster, driver, 1)
    const hungAt = Date.now()
    await freezeDriver(cluster, driver)
    context.diagnostic(describeFigures(await waitForRestart(driver, hungAt, 1)))
    await waitForJobs(cluster, driver, 2)
    const logs = (await execInPod(cluster, driver, ['ls', '/events'])).trim().split('\n').sort()
    assert.deepEqual(logs, [`eventlog_v2_${driver.applicationId}`, `eventlog_v2_${driver.applicationId}-2`])
    const first = await execInPod(cluster, driver, ['bash', '-c', `cat /events/${logs[0]}/events_*`])
    assert.match(first, /SparkListenerJobEnd/)
  })

  test('a task that blocks, with stall-deadline → the driver is restarted with reason stall', async (context) => {
    const settings = { 'stall-deadline': '30s' }
    const driver = await start(cluster, context, namespace, { name: 'stalled', mode: 'blocked-task', settings })
    await waitForLog(cluster, driver, /app: blocking/, { timeoutMs: 180_000 })
    const hungAt = Date.now()
    context.diagnostic(describeFigures(await waitForRestart(driver, hungAt, 1)))
    const status = await sidecarStatus(cluster, driver)
    assert.deepEqual(
      status.restarts?.map(({ reason }) => reason),
      ['stall'],
    )
    // The healthy JVM ran Spark's shutdown hook. The next driver's executors must still find their driver.
    await waitForJobs(cluster, driver, 1, 90_000)
  })

  test('a task that blocks, without stall-deadline → the driver keeps running', async (context) => {
    const driver = await start(cluster, context, namespace, { name: 'blocked', mode: 'blocked-task' })
    await waitForLog(cluster, driver, /app: blocking/, { timeoutMs: 180_000 })
    await staysAlive(driver, 120_000)
    assert.equal((await sidecarStatus(cluster, driver)).state, 'alive')
  })

  test('one hang more than max-restarts within an hour → the pod fails with the reason', async (context) => {
    const settings = { ...quick, 'max-restarts': '1', 'restart-backoff': '1s' }
    const driver = await start(cluster, context, namespace, { name: 'spent', mode: 'loop', settings })
    await waitForJobs(cluster, driver, 1)
    const hungAt = Date.now()
    await freezeDriver(cluster, driver)
    context.diagnostic(describeFigures(await waitForRestart(driver, hungAt, 1)))
    await waitForJobs(cluster, driver, 1)
    await sleep(2_000)
    await freezeDriver(cluster, driver)
    assert.equal(await waitForEnd(cluster, driver, 180_000), 'Failed')
    const ended = await waitForEntry(
      driver,
      'sidecar ended',
      30_000,
      ({ pod }) =>
        pod.status?.phase === 'Failed' && containerStatus(pod, 'spark-nanny')?.state?.terminated !== undefined,
    )
    assert.match(
      containerStatus(ended.pod, 'spark-nanny')?.state?.terminated?.message ?? '',
      /all 1 within 1h are spent/,
    )
    assert.equal(containerStatus(ended.pod)?.restartCount, 1)
  })
})
