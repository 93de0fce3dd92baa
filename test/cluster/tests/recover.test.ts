import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { connect } from '../../../cli/cluster/connect.ts'
import { toRecord } from '../../../core/json.ts'
import { type Ran, runCli } from '../../cli/run-cli.ts'
import { installSparkApplications } from '../harness/application-owner.ts'
import { type Cluster, connectCluster } from '../harness/cluster.ts'
import { createNamespace, deleteNamespace } from '../harness/namespaces.ts'
import { createPlainDriver } from '../harness/plain-drivers.ts'
import { getPod, waitForEnd } from '../harness/pods.ts'
import { waitFor } from '../harness/processes.ts'
import { ownBySpec, type SpecOwner } from '../harness/spec-owner.ts'

const namespace = `recover-${process.pid}`
let cluster: Cluster

before(async () => {
  cluster = await connectCluster()
  await installSparkApplications(cluster)
  await createNamespace(cluster, namespace)
})
after(() => deleteNamespace(cluster, namespace))

const recover = (name: string, ...args: readonly string[]): Promise<Ran> =>
  runCli(['recover', name, '-n', namespace, '--wait', '80s', '-o', 'json', ...args], {}, '', {
    connect: (flags) => connect(flags, { KUBECONFIG: cluster.kubeconfigPath }),
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  })

const readRecovery = async (owner: SpecOwner) => {
  const { metadata, spec, status } = await owner.application()
  const text = toRecord(toRecord(metadata).annotations)['spark-nanny.io/recoveries']
  const [recovery] = JSON.parse(typeof text === 'string' ? text : '[]')
  const { items } = await cluster.core.listNamespacedEvent({
    namespace,
    fieldSelector: `involvedObject.name=${owner.pod},reason=SparkNannyRecovery`,
  })
  return { recovery, driver: toRecord(toRecord(spec).driver), status: toRecord(status), events: items.length }
}

describe('recover --apply', { concurrency: true }, () => {
  test('a driver with too small a heap → restarts with more memory', async (context) => {
    const owner = await ownBySpec(cluster, namespace, { name: 'heap', mode: 'pi', args: [100] }, '480m')
    context.after(() => owner.stop())
    assert.equal(await waitForEnd(cluster, owner, 120_000), 'Failed')
    const state = () => readRecovery(owner).then(({ status }) => toRecord(status.applicationState).state)
    await waitFor({ what: 'FAILED', timeoutMs: 20_000 }, async () => ((await state()) === 'FAILED' ? true : undefined))

    const planned = await recover('heap')
    const { plan } = JSON.parse(planned.stdout)
    assert.deepEqual([planned.exitCode, plan.kind, plan.remedy?.toMiB], [0, 'apply', 768], planned.stdout)
    assert.equal(owner.uids.length, 1, 'without --apply nothing is done')

    const applied = await recover('heap', '--apply')
    context.diagnostic(JSON.stringify(JSON.parse(applied.stdout).result))
    assert.equal(applied.exitCode, 0, applied.stdout + applied.stderr)
    assert.equal(owner.uids.length, 2)
    const pod = await getPod(cluster, owner)
    assert.equal(pod?.metadata?.uid, owner.uids[1])
    assert.equal(pod?.spec?.containers[0]?.resources?.limits?.memory, '1152Mi')
    const { recovery, driver, events } = await readRecovery(owner)
    assert.deepEqual(
      [recovery.outcome, recovery.cause, recovery.pod, driver.memory, events],
      ['recovered', 'SPN-MEMORY-HEAP', owner.uids[0], '768m', 2],
    )

    await waitForEnd(cluster, owner, 120_000)
    await waitFor({ what: 'COMPLETED', timeoutMs: 20_000 }, async () =>
      (await state()) === 'COMPLETED' ? true : undefined,
    )
    const again = await recover('heap', '--apply')
    assert.deepEqual([again.exitCode, JSON.parse(again.stdout).plan.reason], [6, 'completed'])
    assert.equal(owner.uids.length, 2)
  })

  test('a terminated pod that blocks the next driver’s name → is deleted, and the driver starts', async (context) => {
    const stale = await createPlainDriver(cluster, namespace, { name: 'stale', command: ['bash', '-c', 'exit 3'] })
    assert.equal(await waitForEnd(cluster, stale, 60_000), 'Failed')
    const before = (await getPod(cluster, stale))?.metadata?.uid
    const owner = await ownBySpec(cluster, namespace, { name: 'stale', mode: 'idle', args: [120] }, '512m')
    context.after(() => owner.stop())
    await waitFor({ what: 'the refusal', timeoutMs: 20_000 }, async () => {
      const { status } = await readRecovery(owner)
      return /already exists/.test(String(toRecord(status.applicationState).errorMessage)) ? true : undefined
    })

    const applied = await recover('stale', '--apply')
    context.diagnostic(JSON.stringify(JSON.parse(applied.stdout).result))
    assert.equal(applied.exitCode, 0, applied.stdout + applied.stderr)
    const { plan, result } = JSON.parse(applied.stdout)
    assert.deepEqual(
      [plan.remedy.kind, plan.steps[0].uid, result.progress.kind],
      ['delete-stale-pod', before, 'responding'],
    )
    assert.deepEqual([owner.uids.length, (await getPod(cluster, owner))?.metadata?.uid], [1, owner.uids[0]])
    assert.equal((await readRecovery(owner)).recovery.outcome, 'recovered')

    // The driver is healthy and is not changed.
    const again = await recover('stale', '--apply')
    assert.deepEqual([again.exitCode, JSON.parse(again.stdout).plan.reason], [6, 'healthy-driver'], again.stdout)
  })
})
