import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { planProbes } from '../../../admission/probes.ts'
import { restartByExitCodeFields, verdictDir } from '../../../core/contract/pod-contract.ts'
import { parseProcessRecord, type RecordedProcesses } from '../../../core/linux/process-record.ts'
import { type Cluster, connectCluster } from '../harness/cluster.ts'
import { createNamespace, deleteNamespace } from '../harness/namespaces.ts'
import { containerStatus, driverContainer, execInPod, waitForPod } from '../harness/pods.ts'

const namespace = `probe-signals-${process.pid}`
let cluster: Cluster

before(async () => {
  cluster = await connectCluster()
  await createNamespace(cluster, namespace)
})
after(() => deleteNamespace(cluster, namespace))

/** A process that the probes take for a driver's JVM: its name is java, and its command line names SparkSubmit. */
const fakeJvm = 'cp /bin/sleep /tmp/java; (exec -a "java org.apache.spark.deploy.SparkSubmit" /tmp/java 600); exit $?'

const ref = { namespace, pod: 'driver' }

async function createDriver(): Promise<void> {
  const { livenessProbe } = planProbes(
    { name: driverContainer },
    {
      handler: 'exec',
      served: false,
      servicesAdmitted: false,
      observeOnly: false,
      sharesProcesses: false,
      probeKey: null,
    },
  )
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: ref.pod },
    spec: {
      restartPolicy: 'Never',
      volumes: [{ name: 'verdict', emptyDir: {} }],
      containers: [
        {
          name: driverContainer,
          image: 'localhost/spark:4.0.1',
          imagePullPolicy: 'Never',
          command: ['/bin/bash', '-c', fakeJvm],
          volumeMounts: [{ name: 'verdict', mountPath: verdictDir }],
          livenessProbe,
          ...restartByExitCodeFields,
        },
      ],
    },
  }
  await cluster.kubectl(['-n', namespace, 'create', '-f', '-'], JSON.stringify(pod))
}

const waitFor = (what: string, holds: Parameters<typeof waitForPod>[3]) =>
  waitForPod(cluster, ref, { what, timeoutMs: 90_000 }, holds)

/** The record of a driver that did not start at `before`. */
async function readRecord(before?: string): Promise<RecordedProcesses> {
  const command = `for i in 1 2 3 4 5 6 7 8 9; do read -r s <${verdictDir}/processes && test "$s" != "${before ?? ''}" && break; sleep 2; done; cat ${verdictDir}/processes`
  const record = parseProcessRecord(await execInPod(cluster, ref, ['/bin/bash', '-c', command]))
  assert.ok(record?.mainStartTicks && record.jvm, JSON.stringify(record))
  return record
}

const writeVerdict = (start: string | null, signal: string) =>
  execInPod(cluster, ref, ['/bin/sh', '-c', `printf '${start}\\n${signal}\\nfrozen: a test\\n' >${verdictDir}/hung`])

describe('the liveness probe on a real kubelet', () => {
  test('a verdict with ALRM → 142 and a restart that outlives the verdict; with KILL → 137 and a failed pod', async () => {
    await createDriver()
    await waitFor('the driver runs', (pod) => containerStatus(pod, driverContainer)?.state?.running !== undefined)
    const first = await readRecord()
    await writeVerdict(first.mainStartTicks, 'ALRM')

    const restarted = await waitFor(
      'it was restarted',
      (pod) => containerStatus(pod, driverContainer)?.restartCount === 1,
    )
    const { terminated } = containerStatus(restarted, driverContainer)?.lastState ?? {}
    assert.deepEqual([terminated?.exitCode, terminated?.message?.trim()], [142, 'frozen: a test'])

    // The probe has run in the next driver, beside the verdict about the first one.
    await waitFor('the next driver runs', (pod) => containerStatus(pod, driverContainer)?.state?.running !== undefined)
    const next = await readRecord(first.mainStartTicks ?? '')
    assert.notEqual(next.mainStartTicks, first.mainStartTicks)
    await writeVerdict(next.mainStartTicks, 'KILL')
    const ended = await waitFor('the pod has failed', (pod) => pod?.status?.phase === 'Failed')
    const status = containerStatus(ended, driverContainer)
    assert.deepEqual([status?.state?.terminated?.exitCode, status?.restartCount], [137, 1])
  })
})
