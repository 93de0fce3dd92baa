import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { type Cluster, connectCluster } from '../harness/cluster.ts'
import { type Diagnosed, diagnoseBundle, diagnoseLive, textOf } from '../harness/diagnose.ts'
import { createNamespace, deleteNamespace } from '../harness/namespaces.ts'
import { createPlainDriver, onKubernetes, type PlainDriver } from '../harness/plain-drivers.ts'
import { containerStatus, getPod, type PodRef, waitForEnd, waitForLog, waitForPod } from '../harness/pods.ts'
import { waitFor } from '../harness/processes.ts'

const namespace = `diagnose-${process.pid}`
/** A namespace whose quota has no capacity for an executor. */
const smallNamespace = `${namespace}-small`
const planted = 'Pl4nted-Secret-9f3c'
let cluster: Cluster

interface Case extends PlainDriver {
  /** The root cause; undefined if there is no problem. */
  readonly root: string | undefined
  /** Resolves when the failure is visible. */
  readonly until: (ref: PodRef) => Promise<unknown>
}

const ended = (ref: PodRef) => waitForEnd(cluster, ref, 200_000)
const waits = (reason: RegExp) => (ref: PodRef) =>
  waitForPod(cluster, ref, { what: `waits: ${reason}`, timeoutMs: 60_000 }, (pod) =>
    reason.test(containerStatus(pod)?.state?.waiting?.reason ?? ''),
  )
const unscheduled = (ref: PodRef) =>
  waitForPod(cluster, ref, { what: 'is unschedulable', timeoutMs: 60_000 }, (pod) =>
    (pod?.status?.conditions ?? []).some(({ reason }) => reason === 'Unschedulable'),
  )
const hasEvent = (reason: string) => (ref: PodRef) =>
  waitFor({ what: `${ref.pod}: ${reason}`, timeoutMs: 60_000 }, async () => {
    const fieldSelector = `involvedObject.name=${ref.pod},reason=${reason}`
    const { items } = await cluster.core.listNamespacedEvent({ namespace: ref.namespace, fieldSelector })
    return items[0]
  })
const says = (pattern: RegExp) => (ref: PodRef) => waitForLog(cluster, ref, pattern, { timeoutMs: 200_000 })
const volume = { name: 'more' }
const mounted = { volumeMounts: [{ name: 'more', mountPath: '/more' }] }

/** The slowest cases come first. All start at once. */
const cases: readonly Case[] = [
  {
    name: 'closed-context',
    mode: 'late-end',
    args: [600],
    root: 'SPN-HANG-CLOSED-CONTEXT',
    // The rule waits for two minutes: what still commits is none.
    until: async (ref) => {
      await says(/app: context stopped/)(ref)
      await new Promise((resolve) => setTimeout(resolve, 125_000))
    },
  },
  { name: 'deadlock', mode: 'deadlock', root: 'SPN-HANG-DEADLOCK', until: says(/app: deadlock/) },
  { name: 'healthy', mode: 'idle', args: [600], root: undefined, until: says(/app: job 1 done/) },
  {
    name: 'quota',
    conf: { 'spark.executor.memory': '9000m' },
    root: 'SPN-QUOTA-EXCEEDED',
    until: says(/exceeded quota/),
  },
  { name: 'heap', args: [5000], root: 'SPN-MEMORY-HEAP', until: ended },
  { name: 'forbidden', serviceAccount: 'default', root: 'SPN-PERMISSION-FORBIDDEN', until: ended },
  { name: 'no-api', conf: { 'spark.master': 'k8s://https://127.0.0.1:1' }, root: 'SPN-NETWORK-API', until: ended },
  { name: 'bad-size', conf: { 'spark.driver.maxResultSize': 'lots' }, root: 'SPN-CONFIG-VALUE', until: ended },
  {
    name: 'event-log',
    conf: { 'spark.eventLog.enabled': 'true', 'spark.eventLog.dir': '/nowhere' },
    root: 'SPN-CONFIG-EVENT-LOG',
    until: ended,
  },
  {
    name: 'container-oom',
    driverMemory: '900m',
    memoryLimit: '300Mi',
    conf: { 'spark.driver.extraJavaOptions': '-XX:+AlwaysPreTouch -Xms900m -XX:+UseSerialGC' },
    root: 'SPN-MEMORY-CONTAINER-OOM',
    until: ended,
  },
  { name: 'no-class', mainClass: 'com.example.Missing', root: 'SPN-CLASSPATH-MAIN-CLASS', until: ended },
  { name: 'no-jar', jar: 'local:///opt/spark/app/nope.jar', root: 'SPN-CLASSPATH-JAR', until: ended },
  {
    name: 'jvm-option',
    conf: { 'spark.driver.extraJavaOptions': '-XX:MaxMetaspaceSize=lots' },
    root: 'SPN-CONFIG-JVM-OPTIONS',
    until: ended,
  },
  {
    name: 'no-image',
    container: { image: 'localhost/nope:9', imagePullPolicy: 'IfNotPresent' },
    root: 'SPN-IMAGE-REGISTRY',
    until: waits(/^(ErrImagePull|ImagePullBackOff)$/),
  },
  {
    name: 'never-pulled',
    container: { image: 'localhost/nope:9' },
    root: 'SPN-IMAGE-NEVER',
    until: waits(/^ErrImageNeverPull$/),
  },
  { name: 'no-command', command: ['/no/such/file'], root: 'SPN-IMAGE-COMMAND', until: ended },
  { name: 'no-cpu', cpu: '1000', root: 'SPN-SCHEDULING-CPU', until: unscheduled },
  {
    name: 'no-claim',
    volumes: [{ ...volume, persistentVolumeClaim: { claimName: 'nope' } }],
    container: mounted,
    root: 'SPN-VOLUME-CLAIM',
    until: unscheduled,
  },
  {
    name: 'no-secret',
    volumes: [{ ...volume, secret: { secretName: 'nope' } }],
    container: mounted,
    root: 'SPN-VOLUME-SECRET',
    until: hasEvent('FailedMount'),
  },
  {
    name: 'no-config-map',
    volumes: [{ ...volume, configMap: { name: 'nope' } }],
    container: mounted,
    root: 'SPN-VOLUME-CONFIGMAP',
    until: hasEvent('FailedMount'),
  },
  {
    name: 'no-key',
    container: { env: [{ name: 'X', valueFrom: { secretKeyRef: { name: 'nope', key: 'k' } } }] },
    root: 'SPN-CONFIG-REFERENCE',
    until: waits(/^CreateContainerConfigError$/),
  },
  { name: 'killed', command: ['bash', '-c', 'exit 137'], root: 'SPN-EXIT-137', until: ended },
  {
    name: 'planted',
    command: ['bash', '-c', `echo "cannot log in as (${planted})"; echo "password=${planted}"; exit 3`],
    container: { env: [{ name: 'DB_PASSWORD', value: planted }] },
    root: 'SPN-EXIT-OTHER',
    until: ended,
  },
]

const namespaceOf = ({ name }: Case) => (name === 'quota' ? smallNamespace : namespace)

before(async () => {
  cluster = await connectCluster()
  await createNamespace(cluster, namespace)
  await createNamespace(cluster, smallNamespace)
  await cluster.core.createNamespacedResourceQuota({
    namespace: smallNamespace,
    body: { metadata: { name: 'small' }, spec: { hard: { 'requests.memory': '2Gi' } } },
  })
  for (const each of cases) {
    const { root: _root, until: _until, ...driver } = each
    const kubernetes = ['quota', 'forbidden', 'no-api'].includes(driver.name)
    const conf = { ...(kubernetes ? onKubernetes(namespaceOf(each), driver.name) : {}), ...driver.conf }
    await createPlainDriver(cluster, namespaceOf(each), { ...driver, conf })
  }
})
after(async () => {
  await deleteNamespace(cluster, namespace)
  await deleteNamespace(cluster, smallNamespace)
})

describe('diagnose', () => {
  test('real failing drivers, live and from a bundle → the same findings', { concurrency: true }, async (context) => {
    await Promise.all(
      cases.map((each) => {
        const { name, root, until } = each
        return context.test(`${name} → ${root ?? 'no problems found'}`, async (own) => {
          const ref = { namespace: namespaceOf(each), pod: name }
          await until(ref)
          const { live, bundle } = await inTurn(() => diagnoseLive(cluster, ref))
          own.after(() => rmSync(bundle, { recursive: true }))
          own.diagnostic(
            live.findings.map(({ id, symptomOf }) => `${id}${symptomOf === null ? '' : ` ← ${symptomOf}`}`).join(', '),
          )
          assert.equal(
            live.findings[0]?.id,
            root,
            JSON.stringify({ ...live, stdout: '', pod: await getPod(cluster, ref) }),
          )
          assert.deepEqual(live.unknown, [])
          assert.equal(live.exitCode, live.findings.some(({ severity }) => severity === 'error') ? 3 : 0)

          const again = await inTurn(() => diagnoseBundle(bundle))
          assert.deepEqual(comparable(again), comparable(live), 'the bundle gives the same findings')
          assert.ok(
            !live.stdout.includes(planted) && !textOf(bundle).includes(planted),
            'no secret is printed or saved',
          )
        })
      }),
    )
  })
})

const comparable = ({ state, findings, unknown, exitCode }: Diagnosed) => ({ state, findings, unknown, exitCode })

let turn: Promise<unknown> = Promise.resolve()

/** Runs one process of spark-nanny at a time, because the drivers need the cores. */
const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
  const next = turn.then(work, work)
  turn = next.catch(() => {})
  return next
}
