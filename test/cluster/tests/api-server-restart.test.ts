import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Cluster, connectCluster } from '../harness/cluster.ts'
import { restartApiServer } from '../harness/kubernetes/control-plane.ts'
import { createNamespace, deleteNamespace } from '../harness/namespaces.ts'
import { createPlainDriver } from '../harness/plain-drivers.ts'
import { eventsOf, type PodRef } from '../harness/pods.ts'
import { waitFor } from '../harness/processes.ts'
import { startWebhook, type Webhook } from '../harness/webhook.ts'

const namespace = `restart-${process.pid}`
let cluster: Cluster
let webhook: Webhook

before(async () => {
  cluster = await connectCluster()
  // No webhook injects a sidecar, so each driver is reported as unprotected as soon as it runs.
  await createNamespace(cluster, namespace, { looked: `after-${process.pid}` })
  const env = { SPARK_NANNY_NAMESPACE_SELECTOR: `looked=after-${process.pid}` }
  webhook = await startWebhook(cluster, { name: namespace, env })
})
after(async () => {
  await deleteNamespace(cluster, namespace)
  await webhook?.stop()
})

/** A pod that the controller considers a driver. Its container only sleeps. */
const sleepingDriver = (name: string) => createPlainDriver(cluster, namespace, { name, command: ['sleep', '600'] })
const toldOf = (ref: PodRef, timeoutMs: number) =>
  waitFor({ what: `${ref.pod} is reported`, timeoutMs }, async () =>
    (await eventsOf(cluster, ref)).find(({ reason }) => reason === 'SparkNannyUnprotected'),
  )

/** The HTTP statuses of /readyz during `work`; 0 for no response. */
const readinessDuring = async (work: Promise<void>): Promise<ReadonlySet<number>> => {
  const seen = new Set<number>()
  let isOver = false
  const ask = async () => {
    while (!isOver) {
      seen.add(await webhook.readyz().catch(() => 0))
      await sleep(100)
    }
  }
  const asking = ask()
  try {
    await work
  } finally {
    isOver = true
    await asking
  }
  return seen
}

describe('an API server restart', () => {
  test('a restarted API server → the webhook stays ready, and the controller sees later changes', async (context) => {
    await toldOf(await sleepingDriver('before'), 120_000)
    const beganMs = Date.now()
    const since = () => `${(Date.now() - beganMs) / 1000} s after it was ended`
    const seen = await readinessDuring(restartApiServer(cluster.nodeAddress))
    context.diagnostic(`the API is ready again ${since()}`)
    assert.deepEqual([...seen], [200])

    // It may have to acquire the lease again, because a lease that could not be renewed is released.
    const driver = await waitFor({ what: 'a driver is made', timeoutMs: 60_000 }, () => sleepingDriver('after'))
    await toldOf(driver, 180_000)
    context.diagnostic(`the new driver is reported ${since()}`)
    const figures = await waitFor({ what: 'both are Ready', timeoutMs: 60_000 }, async () => {
      const text = await (await fetch(webhook.metricsUrl)).text()
      return text.includes(`spark_nanny_drivers{namespace="${namespace}",state="ready"} 2`) ? text : undefined
    })
    assert.match(figures, /^spark_nanny_leader 1$/m)
    assert.doesNotMatch(figures, /spark_nanny_watch_stale\{[^}]*\} 1/)
    assert.equal(await webhook.readyz(), 200)
  })
})
