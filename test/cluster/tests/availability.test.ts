import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type AdmissionLoad, startAdmissionLoad, waitForInjection } from '../harness/admission-load.ts'
import {
  fullnameOf,
  helmInstall,
  helmUninstall,
  type Installation,
  webhookPods,
} from '../harness/chart/installation.ts'
import { type Cluster, connectCluster } from '../harness/cluster.ts'
import { hostPid } from '../harness/host-process.ts'
import { createNamespace, deleteNamespace } from '../harness/namespaces.ts'
import { containerStatus, isReady } from '../harness/pods.ts'
import { waitFor } from '../harness/processes.ts'

const installation: Installation = { release: 'available', namespace: `available-${process.pid}` }
const namespace = `load-${process.pid}`
const fullname = fullnameOf(installation)
let cluster: Cluster
let load: AdmissionLoad | undefined

/** Validities short enough for the test to see each renewal, and long enough for two cores to keep up. */
const values = {
  webhook: { tls: { certificateValidity: '2m', caValidity: '6m' } },
  extraEnv: [{ name: 'SPARK_NANNY_CA_ROTATION_HOLD', value: '10s' }],
}

before(async () => {
  cluster = await connectCluster()
  await createNamespace(cluster, namespace, { 'spark-nanny.io/inject': 'enabled' })
})
after(async () => {
  await load?.stop()
  await helmUninstall(cluster, installation)
  await Promise.all([namespace, installation.namespace].map((name) => deleteNamespace(cluster, name)))
})

/** The fingerprints of the certificates in the Secret, without the keys. */
const certificates = async (): Promise<{ readonly leaf: string; readonly authorities: readonly string[] }> => {
  const name = `${fullname}-webhook-tls`
  const { data = {} } = await cluster.core.readNamespacedSecret({ namespace: installation.namespace, name })
  const text = (key: string) => Buffer.from(data[key] ?? '', 'base64').toString()
  const print = (pem: string) => createHash('sha256').update(pem).digest('hex').slice(0, 12)
  return {
    leaf: print(text('tls.crt')),
    authorities: text('ca.crt')
      .split(/(?<=-----END CERTIFICATE-----)\s*/)
      .filter((pem) => pem !== '')
      .map(print),
  }
}

const leader = async (): Promise<string> => {
  const path = '{.spec.holderIdentity}'
  const args = ['-n', installation.namespace, 'get', 'lease', fullname, '-o', `jsonpath=${path}`]
  return cluster.kubectl(args)
}

/** The leading replica that stays. A terminating replica may lead until its end. */
const leadingPod = (): Promise<string> =>
  waitFor({ what: 'a replica that stays leads', timeoutMs: 60_000 }, async () => {
    const identity = await leader()
    const pods = await webhookPods(cluster, installation)
    return pods.map(({ metadata }) => metadata?.name ?? '').find((name) => name !== '' && identity.startsWith(name))
  })

/** Kills the process of a replica, as a crash does, and waits until the replica is Ready again. */
const killReplica = async (pod: string): Promise<void> => {
  const ref = { namespace: installation.namespace, pod }
  process.kill(await hostPid(cluster, ref, 'webhook'), 'SIGKILL')
  await waitFor({ what: `${pod} is restarted`, timeoutMs: 90_000 }, async () => {
    const now = (await webhookPods(cluster, installation)).find(({ metadata }) => metadata?.name === pod)
    return (containerStatus(now, 'webhook')?.restartCount ?? 0) > 0 && isReady(now) ? true : undefined
  })
}

describe('availability', () => {
  test('50 drivers a second during updates, renewals, rotation and kills → all are injected, none is rejected', async (context) => {
    await helmInstall(cluster, installation, values)
    await waitForInjection(cluster, namespace)
    const first = await certificates()
    load = startAdmissionLoad(cluster, namespace, 50)
    await sleep(10_000)

    load.phase('rolling update')
    await helmInstall(cluster, installation, { ...values, podAnnotations: { round: 'two' } })

    load.phase('leader killed')
    const killed = await leadingPod()
    const former = await leader()
    await killReplica(killed)
    await waitFor({ what: 'another leader', timeoutMs: 60_000 }, async () =>
      (await leader()) === former ? undefined : true,
    )

    load.phase('another replica killed')
    const pods = (await webhookPods(cluster, installation)).map(({ metadata }) => metadata?.name ?? '')
    const other = pods.find((pod) => pod !== killed)
    assert.ok(other, `there is no other replica than ${killed}`)
    await killReplica(other)

    load.phase('leaf renewal')
    await waitFor({ what: 'another leaf', timeoutMs: 180_000 }, async () =>
      (await certificates()).leaf === first.leaf ? undefined : true,
    )
    load.phase('CA rotation')
    await waitFor({ what: 'another CA alone', timeoutMs: 400_000, everyMs: 1_000 }, async () => {
      const { authorities } = await certificates()
      return authorities.length === 1 && authorities[0] !== first.authorities[0] ? true : undefined
    })
    await sleep(5_000)

    const report = await load.stop()
    load = undefined
    for (const line of report.phases) context.diagnostic(line)
    context.diagnostic(`${report.created} driver pods, ${report.perSecond} a second`)
    assert.deepEqual(report.failures, [])
    assert.ok(report.perSecond >= 45, `only ${report.perSecond} a second were created`)
  })
})
