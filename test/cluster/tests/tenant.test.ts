import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, request } from 'undici'
import { sidecarPort } from '../../../core/contract/pod-contract.ts'
import { captureText } from '../../support/admission-captures.ts'
import { installSparkApplications, ownApplication } from '../harness/application-owner.ts'
import { type Cluster, connectCluster } from '../harness/cluster.ts'
import { createNamespace, deleteNamespace } from '../harness/namespaces.ts'
import { containerStatus, freezeDriver, getPod, isReady, waitForLog, waitForPod } from '../harness/pods.ts'
import { waitFor } from '../harness/processes.ts'
import { start, waitForJobs, waitForRestart } from '../harness/scenario.ts'
import { isInjected, settingsConf } from '../harness/sidecar.ts'
import {
  connectionFlood,
  createTenant,
  forgedInjection,
  forgedUi,
  sleepingDriver,
  type Tenant,
} from '../harness/tenant.ts'
import { startWebhook, type Webhook } from '../harness/webhook.ts'

/**
 * A tenant who may edit one namespace attacks spark-nanny in each way that is known, while drivers in another namespace must be
 * injected, watched, and acted on when they hang.
 */
const id = `tenant-${process.pid}`
const [own, others] = [`${id}-own`, `${id}-others`]
let cluster: Cluster
let webhook: Webhook
let tenant: Tenant

before(async () => {
  cluster = await connectCluster()
  await installSparkApplications(cluster)
  for (const namespace of [own, others]) {
    await createNamespace(cluster, namespace, { 'spark-nanny.io/inject': 'enabled', webhook: id })
  }
  const env = {
    SPARK_NANNY_FALLBACK: 'delete',
    SPARK_NANNY_FALLBACK_INTERVAL: '2s',
    SPARK_NANNY_FALLBACK_TIMEOUT: '4s',
  }
  webhook = await startWebhook(cluster, { name: id, env })
  tenant = await createTenant(cluster, own)
})
after(async () => {
  tenant?.close()
  for (const namespace of [own, others]) await deleteNamespace(cluster, namespace)
  await webhook?.stop()
})

const times = (count: number) => Array.from({ length: count }, (_, index) => index)

/** Runs until it is stopped, and then rejects if a round has failed. */
function repeat(everyMs: number, round: (index: number) => Promise<unknown>): { readonly stop: () => Promise<number> } {
  let stopped = false
  const run = async () => {
    let rounds = 0
    for (; !stopped; rounds += 1) {
      await round(rounds)
      await sleep(everyMs)
    }
    return rounds
  }
  const running = run()
  running.catch(() => {})
  return {
    stop: async () => {
      stopped = true
      return running
    },
  }
}

/** C1: sidecars that look injected and cannot start, also with a proof that was copied, and reviews by anyone. */
async function forgeInjections(): Promise<void> {
  await tenant.createPod(sleepingDriver('real'))
  const real = await getPod(cluster, { namespace: own, pod: 'real' })
  assert.ok(isInjected(real), 'a tenant’s own driver is injected too')
  const env = real?.spec?.initContainers?.find(({ name }) => name === 'spark-nanny')?.env ?? []
  const proof = env.filter(({ name }) => name === 'SPARK_NANNY_INJECTION_PROOF')
  assert.equal(proof.length, 1)
  const secret = { name: 'X', valueFrom: { secretKeyRef: { name: 'absent', key: 'x' } } }
  for (const index of times(4)) {
    await tenant.createPod(forgedInjection(`config-${index}`, { imagePullPolicy: 'Never' }, [secret]))
    await tenant.createPod(forgedInjection(`pull-${index}`, { imagePullPolicy: 'Always' }, []))
    await tenant.createPod(forgedInjection(`copy-${index}`, { imagePullPolicy: 'Always' }, proof))
  }
}

/** Anyone who reaches the webhook can send reviews. */
async function createReviewer() {
  const configurations = await cluster.kubectl([
    'get',
    'mutatingwebhookconfigurations',
    `spark-nanny-${id}-${process.pid}`,
    '-o',
    'jsonpath={.webhooks[0].clientConfig.url}',
  ])
  const dispatcher = new Agent({ connect: { rejectUnauthorized: false } })
  const review = JSON.parse(captureText('driver-pod.spark-submit'))
  const send = async (index: number) => {
    const body = JSON.stringify({ ...review, request: { ...review.request, namespace: others, uid: `any-${index}` } })
    const headers = { 'content-type': 'application/json' }
    const response = await request(configurations, { dispatcher, method: 'POST', headers, body })
    await response.body.dump()
    assert.equal(response.statusCode, 200)
  }
  return { send, close: () => dispatcher.close() }
}

/** C2: records of deletions that were never made, of now and of the year 2099. */
async function forgeRecords(): Promise<void> {
  for (const at of [new Date().toISOString(), '2099-01-01T00:00:00.000Z']) {
    for (const index of times(20)) {
      const actions = times(10).map((number) => ({
        at,
        action: 'delete-pod',
        pod: `${number}`,
        reason: 'ui unresponsive: x',
      }))
      const text = JSON.stringify({ generation: 1, actions })
      await tenant.createApplication(`forged-${at.slice(0, 4)}-${index}`, { 'spark-nanny.io/actions': text })
    }
  }
}

/** C3: UIs that answer and then hang. */
async function createForgedUis(count: number): Promise<{ readonly hang: () => Promise<void> }> {
  const names = times(count).map((index) => `ui-${index}`)
  for (const name of names) await tenant.createPod(forgedUi(name))
  const addresses = await Promise.all(
    names.map(async (pod) => {
      const isRunning = (seen: Parameters<typeof containerStatus>[0]) =>
        containerStatus(seen)?.state?.running !== undefined
      const seen = await waitForPod(cluster, { namespace: own, pod }, { what: 'it runs', timeoutMs: 90_000 }, isRunning)
      return seen?.status?.podIP ?? ''
    }),
  )
  return {
    hang: async () => {
      for (const address of addresses) await (await fetch(`http://${address}:4040/hang`)).text()
    },
  }
}

/** C4 and C5: an annotation that always changes, and applications that come and go. */
const disturb = async (round: number): Promise<void> => {
  await tenant.annotatePod('real', { 'spark-nanny.io/timeout': `${round} ${'x'.repeat(20_000)}` })
  const name = `gone-${round}`
  await tenant.createPod({ ...sleepingDriver(name), spec: { ...sleepingDriver(name).spec, schedulerName: 'nobody' } })
  await tenant.deletePod(name)
}

/** A driver of the others is created, and must be injected. */
const createVictim = async (round: number): Promise<void> => {
  const name = `victim-${round}`
  const body = sleepingDriver(name)
  await cluster.objects.create({
    ...body,
    metadata: { ...body.metadata, namespace: others },
    spec: { ...body.spec, schedulerName: 'nobody' },
  } as object)
  assert.ok(isInjected(await getPod(cluster, { namespace: others, pod: name })), `${name} has no sidecar`)
  await cluster.kubectl(['-n', others, 'delete', 'pod', name, '--grace-period=0', '--force', '--wait=false'])
}

const readMetrics = async () => (await fetch(webhook.metricsUrl)).text()

describe('a tenant with the ClusterRole edit in one namespace', () => {
  test('forged injections, records, UIs, loads → drivers of others are injected, watched, and acted on', async (context) => {
    // A driver with a sidecar, and one without, whose pod the controller deletes when it hangs.
    const settings = { interval: '1s', timeout: '5s' }
    const watched = await start(cluster, context, others, { name: 'watched', mode: 'loop', settings })
    const volume = 'spark.kubernetes.driver.volumes.emptyDir.spark-nanny.mount'
    const owner = await ownApplication(cluster, {
      namespace: others,
      name: 'bare',
      mode: 'loop',
      conf: { [`${volume}.path`]: '/mnt/own', ...settingsConf({ 'unresponsive-deadline': '20s' }) },
    })
    context.after(() => owner.stop())
    await waitFor({ what: 'a driver', timeoutMs: 120_000 }, async () => (owner.uids.length > 0 ? true : undefined))
    await waitForLog(cluster, owner, /app: job 1 done/, { timeoutMs: 180_000 })
    await waitForJobs(cluster, watched, 1)
    assert.equal(isInjected(await getPod(cluster, owner)), false)

    const uis = await createForgedUis(6)
    await forgeInjections()
    await forgeRecords()
    // The next leader reads the records.
    await webhook.stopProcess()
    await webhook.startProcess()
    const reviewer = await createReviewer()
    const address = (await getPod(cluster, watched))?.status?.podIP ?? ''
    await tenant.createPod(connectionFlood('flood', address, sidecarPort))
    const loads = [repeat(100, reviewer.send), repeat(500, disturb), repeat(2_000, createVictim)]
    const readiness: boolean[] = []
    const ready = repeat(2_000, async () => void readiness.push(isReady(await getPod(cluster, watched))))
    // Drivers without a sidecar are polled from their second minute on.
    await sleep(75_000)
    await uis.hang()
    await sleep(20_000)
    await ready.stop()
    context.diagnostic(
      `the watched driver was Ready in ${readiness.filter(Boolean).length} of ${readiness.length} looks`,
    )
    assert.ok(readiness.filter(Boolean).length > 0.8 * readiness.length)

    const hungAt = Date.now()
    await freezeDriver(cluster, watched)
    await waitForRestart(watched, hungAt, 1)
    context.diagnostic(`with a sidecar: hang → restarted ${(Date.now() - hungAt) / 1000} s`)

    const bareHungAt = Date.now()
    await freezeDriver(cluster, owner)
    await waitFor({ what: 'the next driver', timeoutMs: 180_000 }, async () =>
      owner.uids.length > 1 ? true : undefined,
    )
    context.diagnostic(`without a sidecar: hang → submitted again ${(Date.now() - bareHungAt) / 1000} s`)

    const rounds = await Promise.all(loads.map((load) => load.stop()))
    await reviewer.close()
    context.diagnostic(`reviews, disturbances, injected drivers: ${rounds.join(', ')}`)
    const metrics = await readMetrics()
    const open = [...metrics.matchAll(/^spark_nanny_circuit_breaker_namespace_open\{.*namespace="([^"]+)".*\} 1$/gm)]
    context.diagnostic(`namespaces with an open circuit breaker: ${open.map(([line]) => line).join(' ')}`)
    assert.ok(open.every(([, namespace]) => namespace === own))
    assert.match(metrics, /spark_nanny_circuit_breaker_open\{breaker="sidecar-image"\} 0/)
    const used = [...metrics.matchAll(/^spark_nanny_deletion_budget_used\{namespace="([^"]+)"\} (\d+)$/gm)]
    for (const [line, , count] of used) assert.ok(Number(count) <= 10, line)
  })
})
