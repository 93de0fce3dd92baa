import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { connect } from '../../../cli/cluster/connect.ts'
import { driverMemory, executorMemory } from '../../../cli/spark-conf/spark-memory.ts'
import { runCli } from '../../cli/run-cli.ts'
import { type Cluster, connectCluster } from '../harness/cluster.ts'
import { createNamespace, deleteNamespace } from '../harness/namespaces.ts'
import { executorsOf, getPod, podLog, waitForEnd, waitForSuccess } from '../harness/pods.ts'
import { waitFor } from '../harness/processes.ts'
import { type Submission, submit, submittedConf } from '../harness/submit.ts'

const namespace = `preflight-${process.pid}`
let cluster: Cluster

before(async () => {
  cluster = await connectCluster()
  await createNamespace(cluster, namespace)
})
after(() => deleteNamespace(cluster, namespace))

const run = (args: readonly string[], files: Readonly<Record<string, string>> = {}) =>
  runCli(args, files, '', { connect: (flags) => connect(flags, { KUBECONFIG: cluster.kubeconfigPath }) })

/** Ids of the errors that a command finds before the submission. */
const errorsOf = async (command: 'preflight' | 'validate', submission: Submission): Promise<readonly string[]> => {
  const conf = Object.entries(submittedConf(submission)).map(([key, value]) => `${key} ${value}\n`)
  const args = [command, ...(command === 'validate' ? ['-f'] : []), 'conf', '-o', 'json']
  const { stdout } = await run(args, { conf: conf.join('') })
  const findings: readonly { id: string; severity: string }[] = JSON.parse(stdout).findings
  return findings.filter(({ severity }) => severity === 'error').map(({ id }) => id)
}

describe('preflight', () => {
  test('no findings → the application runs with the calculated memory', async () => {
    const conf = {
      'spark.driver.memory': '600m',
      'spark.executor.memory': '700m',
      'spark.executor.memoryOverhead': '400m',
    }
    const submission = { name: 'clean', namespace, mode: 'pi', conf } as const
    assert.deepEqual(await errorsOf('preflight', submission), [])
    const driver = await submit(cluster, {
      ...submission,
      conf: { ...conf, 'spark.kubernetes.executor.deleteOnTermination': 'false' },
    })
    await waitForSuccess(cluster, driver, 180_000)
    const lookup = (key: string) => submittedConf(submission)[key]
    const memoryOf = (pod: Awaited<ReturnType<typeof getPod>>) => pod?.spec?.containers[0]?.resources?.limits?.memory
    assert.equal(memoryOf(await getPod(cluster, driver)), `${driverMemory(lookup, 'jvm')?.totalMiB}Mi`)
    const [executor] = await executorsOf(cluster, namespace, driver.applicationId)
    assert.equal(memoryOf(executor), `${executorMemory(lookup, 'jvm')?.totalMiB}Mi`)
    // Settings that Spark itself writes into the driver's ConfigMap are not errors.
    const live = await run(['validate', 'clean', '-n', namespace, '--strict', '-o', 'json'])
    assert.deepEqual(JSON.parse(live.stdout), { ...JSON.parse(live.stdout), findings: [], unknown: [] })
    assert.equal(live.exitCode, 0)
  })

  test('a quota without capacity → the API server rejects the submission', async (context) => {
    const small = `${namespace}-quota`
    await createNamespace(cluster, small)
    context.after(() => deleteNamespace(cluster, small))
    const hard = { 'requests.memory': '512Mi' }
    await cluster.core.createNamespacedResourceQuota({
      namespace: small,
      body: { metadata: { name: 'small' }, spec: { hard } },
    })
    const submission = { name: 'too-large', namespace: small, mode: 'pi' } as const
    assert.deepEqual(await errorsOf('preflight', submission), ['SPN-PREFLIGHT-QUOTA'])
    await assert.rejects(submit(cluster, submission))
    assert.equal(await getPod(cluster, { namespace: small, pod: 'too-large-driver' }), undefined)
    // It was the quota.
    await cluster.core.deleteNamespacedResourceQuota({ namespace: small, name: 'small' })
    await waitFor({ what: 'the end of the quota', timeoutMs: 30_000 }, async () =>
      (await errorsOf('preflight', submission)).length === 0 ? true : undefined,
    )
    assert.ok(await submit(cluster, submission))
  })

  test('a service account without permissions → the driver fails', async () => {
    await cluster.core.createNamespacedServiceAccount({ namespace, body: { metadata: { name: 'weak' } } })
    const conf = { 'spark.kubernetes.authenticate.driver.serviceAccountName': 'weak' }
    const submission = { name: 'weak', namespace, mode: 'pi', conf } as const
    assert.deepEqual([...new Set(await errorsOf('preflight', submission))], ['SPN-PREFLIGHT-ACCESS'])
    const driver = await submit(cluster, submission)
    assert.equal(await waitForEnd(cluster, driver, 180_000), 'Failed')
    assert.match(await podLog(cluster, driver), /forbidden: User "system:serviceaccount:[^"]*:weak" cannot/)
  })

  test('a heap size without a unit → the driver’s JVM does not start', async () => {
    const submission = { name: 'no-unit', namespace, mode: 'pi', conf: { 'spark.driver.memory': '600' } } as const
    assert.deepEqual(await errorsOf('validate', submission), ['SPN-VALIDATE-HEAP-UNIT'])
    const driver = await submit(cluster, submission)
    assert.equal(await waitForEnd(cluster, driver, 180_000), 'Failed')
    assert.match(await podLog(cluster, driver), /Too small maximum heap/)
  })
})
