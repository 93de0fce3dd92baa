import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
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
import { projectDir } from '../harness/paths.ts'
import { eventsOf, getPod } from '../harness/pods.ts'
import { run, waitFor } from '../harness/processes.ts'
import { start, waitForJobs } from '../harness/scenario.ts'
import { isInjected } from '../harness/sidecar.ts'

const installation: Installation = { release: 'away', namespace: `away-${process.pid}` }
const drivers = `unguarded-${process.pid}`
let cluster: Cluster

before(async () => {
  cluster = await connectCluster()
  await createNamespace(cluster, drivers, { 'spark-nanny.io/inject': 'enabled' })
  await helmInstall(cluster, installation)
})
after(async () => {
  await helmUninstall(cluster, installation)
  await Promise.all([drivers, installation.namespace].map((name) => deleteNamespace(cluster, name)))
})

const scale = async (replicas: number): Promise<void> => {
  const deployments = ['a', 'b'].map((half) => `deployment/${fullnameOf(installation)}-${half}`)
  await cluster.kubectl(['-n', installation.namespace, 'scale', `--replicas=${replicas}`, ...deployments])
}

interface CheckReport {
  readonly code: number
  /** The result and the detail of each check, by id. */
  readonly results: ReadonlyMap<string, string>
}

/** `spark-nanny check` as a user runs it. */
const check = async (): Promise<CheckReport> => {
  const main = join(projectDir, 'cli/main.ts')
  const args = ['check', '-n', installation.namespace, '-o', 'json', '--kubeconfig', cluster.kubeconfigPath]
  const { code, stdout } = await run(process.execPath, [main, ...args], { accept: [3, 4, 5], timeoutMs: 60_000 })
  const { categories } = JSON.parse(stdout) as {
    readonly categories: readonly { readonly checks: readonly { id: string; result: string; detail: string }[] }[]
  }
  const results = categories.flatMap(({ checks }) =>
    checks.map(({ id, result, detail }) => [id, `${result}: ${detail}`] as const),
  )
  return { code, results: new Map(results) }
}

/** The report once drivers are injected, because kube-proxy learns of ready replicas a moment later. */
const checkedWell = (): Promise<CheckReport> =>
  waitFor({ what: 'check finds that drivers are injected', timeoutMs: 60_000, everyMs: 1_000 }, async () => {
    const report = await check()
    const injects = report.results.get('webhook-injects') ?? ''
    if (!injects.startsWith('ok')) throw new Error(injects)
    return report
  })

/** The value of the metric. Only the leading replica exports it. */
const unguarded = async (): Promise<number> => {
  let sum = 0
  for (const { status } of await webhookPods(cluster, installation)) {
    const text = await (await fetch(`http://${status?.podIP}:9164/metrics`)).text()
    const line = new RegExp(`^spark_nanny_unprotected_drivers\\{[^}]*namespace="${drivers}"[^}]*\\} (\\d+)$`, 'm').exec(
      text,
    )
    sum += Number(line?.[1] ?? 0)
  }
  return sum
}

describe('failing open', () => {
  test('all replicas frozen → spark-submit gets its driver before it times out', async (context) => {
    const pods = await webhookPods(cluster, installation)
    const refs = pods.map(({ metadata }) => ({ namespace: installation.namespace, pod: metadata?.name ?? '' }))
    const pids = await Promise.all(refs.map((ref) => hostPid(cluster, ref, 'webhook')))
    for (const pid of pids) process.kill(pid, 'SIGSTOP')
    try {
      const driver = await start(cluster, context, drivers, { name: 'hanging', mode: 'pi' })
      assert.equal(isInjected(await getPod(cluster, driver)), false)
      context.diagnostic(`submitted in ${driver.createdAt - driver.submittedAt} ms`)
      // Its pod would be another unprotected driver.
      await cluster.kubectl(['-n', drivers, 'delete', 'pod', driver.pod, '--grace-period=1'])
    } finally {
      for (const pid of pids) process.kill(pid, 'SIGCONT')
    }
  })

  test('no replica left → drivers start unprotected, and check reports it', async (context) => {
    await checkedWell()
    await scale(0)
    await waitFor({ what: 'all replicas are gone', timeoutMs: 90_000 }, async () => {
      const labelSelector = 'app.kubernetes.io/component=webhook'
      const { items } = await cluster.core.listNamespacedPod({ namespace: installation.namespace, labelSelector })
      return items.length === 0 ? true : undefined
    })
    const driver = await start(cluster, context, drivers, { name: 'alone', mode: 'loop' })
    assert.equal(isInjected(await getPod(cluster, driver)), false)
    await waitForJobs(cluster, driver, 1)

    const away = await check()
    assert.equal(away.code, 3)
    assert.match(away.results.get('deployment-available') ?? '', /^error/)
    assert.match(away.results.get('webhook-injects') ?? '', /^error/)
    assert.match(away.results.get('drivers-injected') ?? '', new RegExp(`${drivers}/${driver.pod}`))

    await scale(1)
    await waitFor({ what: 'the driver in the metric', timeoutMs: 90_000, everyMs: 1_000 }, async () =>
      (await unguarded()) === 1 ? true : undefined,
    )
    const event = await waitFor({ what: 'the Event', timeoutMs: 30_000 }, async () =>
      (await eventsOf(cluster, driver)).find(({ reason }) => reason === 'SparkNannyUnprotected'),
    )
    context.diagnostic(`Event: ${event.message}`)
    assert.equal(event.type, 'Warning')
    const back = await checkedWell()
    assert.match(back.results.get('drivers-injected') ?? '', new RegExp(`^warning.*${driver.pod}`))
    // The driver keeps working unchanged.
    await waitForJobs(cluster, driver, 3)
  })
})
