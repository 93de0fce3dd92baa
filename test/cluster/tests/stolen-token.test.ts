import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { readSecret, writeSecret } from '../../../certs/trust/secret.ts'
import { writeCaBundles } from '../../../certs/trust/webhook-configuration.ts'
import { probeServer } from '../../../cluster/capability-probe.ts'
import {
  actionsAnnotation,
  bypassedAnnotation,
  nextApplicationIdSuffixAnnotation,
} from '../../../core/contract/pod-contract.ts'
import { toRecord, toRecords, toStringOrEmpty } from '../../../core/json.ts'
import { type ApiRequest, describeResponse, type KubernetesApi } from '../../../kubernetes/api.ts'
import { createClient } from '../../../kubernetes/client.ts'
import { createLeaderElector } from '../../../kubernetes/leader-election/leader-elector.ts'
import { podPath } from '../../../kubernetes/paths.ts'
import { createClusterWriter } from '../../../webhook/controller/act/cluster-writer.ts'
import type { Driver } from '../../../webhook/controller/driver/driver.ts'
import { parseDriver } from '../../../webhook/controller/driver/parse-driver.ts'
import { installSparkApplications } from '../harness/application-owner.ts'
import { accessWithToken } from '../harness/chart/account.ts'
import { chartDir, helm } from '../harness/chart/helm.ts'
import { type Cluster, connectCluster } from '../harness/cluster.ts'
import { createNamespace, deleteNamespace } from '../harness/namespaces.ts'
import { waitFor } from '../harness/processes.ts'

/**
 * A release without pods, and the real token of its ServiceAccount. Each request that an attacker would make with it is
 * rejected, and each request of the webhook process, made by its own code, still works.
 */
const id = `stolen-token-${process.pid}`
/** The namespace of the release. */
const own = `${id}-own`
/** A namespace of others, in which drivers run. */
const jobs = `${id}-jobs`
const driverImage = 'localhost/driver:1'
const forbidden = 'localhost/evil:1'

let cluster: Cluster
let api: KubernetesApi & { close(): void }

before(async () => {
  cluster = await connectCluster()
  await installSparkApplications(cluster)
  await Promise.all([createNamespace(cluster, own), createNamespace(cluster, jobs)])
  const place = ['--namespace', own, '--kubeconfig', cluster.kubeconfigPath]
  // No namespace has this label, so that the webhook without replicas delays no driver of other tests.
  const selector = `webhook.namespaceSelector.matchLabels.test=${id}`
  const values = ['--set', `fullnameOverride=${id},replicaCount=0,${selector}`]
  const { code, stderr } = await helm(['install', id, chartDir, ...place, ...values])
  assert.equal(code, 0, stderr)
  api = createClient(await accessWithToken(cluster, own, id))
  for (const pod of [driver('pi-driver'), driver('busy-driver'), executor(), stranger()]) await create(pod)
  await create({
    apiVersion: 'sparkoperator.k8s.io/v1beta2',
    kind: 'SparkApplication',
    metadata: { name: 'pi', namespace: jobs, annotations: { owner: 'someone' } },
    spec: { image: driverImage, driver: { serviceAccount: 'spark' }, sparkConf: { 'spark.a': 'b' } },
  })
  await waitFor({ what: 'the policies are enforced', timeoutMs: 60_000 }, async () => {
    const refused = await Promise.all(firstAttempts.map(async (attempt) => (await send(attempt)).includes('Policy')))
    return refused.every(Boolean) || undefined
  })
})
after(async () => {
  api?.close()
  await helm(['uninstall', id, '--namespace', own, '--kubeconfig', cluster.kubeconfigPath, '--ignore-not-found'])
  for (const namespace of [own, jobs]) await deleteNamespace(cluster, namespace)
})

const create = (object: object) => cluster.kubectl(['create', '-f', '-'], JSON.stringify(object))

/** No node has this label, so that the pods stay Pending and nothing else changes them. */
const nodeSelector = { 'spark-nanny.io/no-such-node': 'true' }
const pod = (name: string, labels: object, spec: object) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: jobs, labels, annotations: { owner: 'someone' } },
  spec: { nodeSelector, containers: [{ name: 'main', image: driverImage, args: ['driver'] }], ...spec },
})
const driver = (name: string) =>
  pod(
    name,
    { 'spark-role': 'driver', 'spark-app-selector': `spark-${name}` },
    {
      initContainers: [
        { name: 'early', image: 'localhost/early:1' },
        {
          name: 'spark-nanny',
          image: 'localhost/sidecar:broken',
          restartPolicy: 'Always',
          env: [{ name: 'SPARK_NANNY_POLICY', value: '{}' }],
        },
      ],
    },
  )
const executor = () => pod('pi-exec-1', { 'spark-role': 'executor' }, {})
const stranger = () =>
  pod('web', {}, { initContainers: [{ name: 'spark-nanny', image: 'localhost/a:1', restartPolicy: 'Always' }] })

type Attempt = Pick<ApiRequest, 'method' | 'path' | 'body'>

/** Returns the status and the message of the response. */
async function send({ method, path, body }: Attempt): Promise<string> {
  // The API server supports strategic merge patches only of its own kinds.
  const contentType =
    `application/${path.includes('sparkapplications') ? 'merge' : 'strategic-merge'}-patch+json` as const
  const response = await api.request({
    method,
    path,
    ...(body !== undefined && { body }),
    ...(method === 'PATCH' && { contentType }),
    // A loaded machine validates a large pod for seconds, also without policies.
    deadlineMs: 120_000,
  })
  return describeResponse(response)
}

const podOf = (name: string, namespace = jobs) => podPath({ namespace, name })
const patchPod = (name: string, body: object): Attempt => ({ method: 'PATCH', path: podOf(name), body })
const images = (field: 'containers' | 'initContainers', name: string, image: string) => ({
  spec: { [field]: [{ name, image }] },
})
/** Those that the API server adds to each pod, and one that permits all nodes. Others would be invalid. */
const tolerations = [
  ...['not-ready', 'unreachable'].map((condition) => ({
    key: `node.kubernetes.io/${condition}`,
    operator: 'Exists',
    effect: 'NoExecute',
    tolerationSeconds: 300,
  })),
  { operator: 'Exists' },
]
const ownerReferences = [
  { apiVersion: 'v1', kind: 'ConfigMap', name: 'gone', uid: '00000000-0000-0000-0000-000000000000' },
]
const application = `/apis/sparkoperator.k8s.io/v1beta2/namespaces/${jobs}/sparkapplications/pi`
const configurations = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations'
const patchConfiguration = (body: object): Attempt => ({ method: 'PATCH', path: `${configurations}/${id}`, body })
const webhookName = 'pods.spark-nanny.io'
const patchWebhook = (fields: object) => patchConfiguration({ webhooks: [{ name: webhookName, ...fields }] })
const bare = (name: string, namespace: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace },
  spec: { serviceAccountName: 'default', containers: [{ name: 'main', image: forbidden }] },
})
const evict = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'web', namespace: jobs } }
const secretIn = (name: string, fields: object) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, namespace: own, annotations: { 'kubernetes.io/service-account.name': 'default' } },
  ...fields,
})
const leases = `/apis/coordination.k8s.io/v1/namespaces/${own}/leases`
const lease = (name: string) => ({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name }, spec: {} })

const onlyAnnotations = /may change only its own annotations/
const onlyDrivers = /may change only Spark drivers/
const onlyMetadata = /may not change the labels, owners or finalizers/
const onlySidecar = /may change only the image of its sidecar/
const notSpec = /may not change the spec of a pod/
const onlyCaBundle = /may change only the caBundle/
const notMetadata = /may not change the metadata of a webhook configuration/
const roles = /cannot (?:create|delete|deletecollection|patch|get|list) resource/

/** One attempt per policy. They are rejected as soon as the API server has read the policies. */
const firstAttempts: readonly Attempt[] = [
  patchPod('web', images('containers', 'main', forbidden)),
  { method: 'PATCH', path: application, body: { spec: { image: forbidden } } },
  patchWebhook({ failurePolicy: 'Fail' }),
  { method: 'POST', path: `${leases}?dryRun=All`, body: lease('other') },
]

const attempts: readonly (readonly [what: string, attempt: Attempt, message: RegExp])[] = [
  ['the image of a pod of others', patchPod('web', images('containers', 'main', forbidden)), onlyDrivers],
  ['an annotation of a pod of others', patchPod('web', { metadata: { annotations: { a: 'b' } } }), onlyDrivers],
  ['our annotation of a pod of others', patchPod('web', annotate(bypassedAnnotation)), onlyDrivers],
  [
    'the container spark-nanny of a pod of others',
    patchPod('web', images('initContainers', 'spark-nanny', driverImage)),
    onlyDrivers,
  ],
  [
    'a pod of others becomes a driver',
    patchPod('web', { metadata: { labels: { 'spark-role': 'driver' } } }),
    onlyDrivers,
  ],
  ['our annotation of an executor', patchPod('pi-exec-1', annotate(bypassedAnnotation)), onlyDrivers],
  ['the image of a driver', patchPod('pi-driver', images('containers', 'main', forbidden)), notSpec],
  ['the image of the sidecar', patchPod('pi-driver', images('initContainers', 'spark-nanny', forbidden)), onlySidecar],
  [
    'the image of another init container',
    patchPod('pi-driver', images('initContainers', 'early', driverImage)),
    onlySidecar,
  ],
  ['the deadline of a driver', patchPod('pi-driver', { spec: { activeDeadlineSeconds: 1 } }), notSpec],
  ['the tolerations of a driver', patchPod('pi-driver', { spec: { tolerations } }), notSpec],
  ['a foreign annotation of a driver', patchPod('pi-driver', annotate('a')), onlyAnnotations],
  ['a removed annotation of a driver', patchPod('pi-driver', annotate('owner', null)), onlyAnnotations],
  ['another annotation of spark-nanny', patchPod('pi-driver', annotate('spark-nanny.io/restart')), onlyAnnotations],
  ['a label of a driver', patchPod('pi-driver', { metadata: { labels: { a: 'b' } } }), onlyMetadata],
  ['the owner of a driver', patchPod('pi-driver', { metadata: { ownerReferences } }), onlyMetadata],
  ['a finalizer of a driver', patchPod('pi-driver', { metadata: { finalizers: ['a.b/c'] } }), onlyMetadata],
  ['delete a pod of others', { method: 'DELETE', path: podOf('web') }, /may delete only Spark drivers and executors/],
  [
    'create a pod in the own namespace',
    { method: 'POST', path: `/api/v1/namespaces/${own}/pods`, body: bare('evil', own) },
    /may create a pod only as a dry run/,
  ],
  [
    'the spec of an application',
    { method: 'PATCH', path: application, body: { spec: { image: forbidden } } },
    /the spec/,
  ],
  [
    'a new field of an application',
    { method: 'PATCH', path: application, body: { spec: { mainClass: 'Evil' } } },
    /may not change the spec or the status/,
  ],
  [
    'a label of an application',
    { method: 'PATCH', path: application, body: { metadata: { labels: { a: 'b' } } } },
    onlyMetadata,
  ],
  [
    'the owner of an application',
    { method: 'PATCH', path: application, body: { metadata: { ownerReferences } } },
    onlyMetadata,
  ],
  [
    'a setting of an application',
    { method: 'PATCH', path: application, body: annotate('spark-nanny.io/restart') },
    onlyAnnotations,
  ],
  [
    'a removed annotation of an application',
    { method: 'PATCH', path: application, body: annotate('owner', null) },
    onlyAnnotations,
  ],
  [
    'the rules of the webhook',
    patchWebhook({ rules: [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'] }] }),
    onlyCaBundle,
  ],
  [
    'the URL of the webhook',
    patchWebhook({ clientConfig: { service: null, url: 'https://evil.invalid/' } }),
    onlyCaBundle,
  ],
  [
    'the Service of the webhook',
    patchWebhook({ clientConfig: { service: { name: 'evil', namespace: jobs } } }),
    onlyCaBundle,
  ],
  ['the namespaces of the webhook', patchWebhook({ namespaceSelector: { $patch: 'replace' } }), onlyCaBundle],
  ['the failure policy of the webhook', patchWebhook({ failurePolicy: 'Fail' }), onlyCaBundle],
  ['a removed webhook', patchConfiguration({ webhooks: [{ name: webhookName, $patch: 'delete' }] }), onlyCaBundle],
  [
    'an added webhook',
    patchConfiguration({
      webhooks: [
        {
          name: 'evil.spark-nanny.io',
          admissionReviewVersions: ['v1'],
          sideEffects: 'None',
          clientConfig: { url: 'https://evil.invalid/' },
        },
      ],
    }),
    onlyCaBundle,
  ],
  ['an annotation of the webhook', patchConfiguration(annotate('cert-manager.io/inject-ca-from')), notMetadata],
  ['a label of the webhook', patchConfiguration({ metadata: { labels: { a: 'b' } } }), notMetadata],
  [
    'another Secret',
    { method: 'POST', path: `/api/v1/namespaces/${own}/secrets`, body: secretIn('other', { type: 'Opaque' }) },
    /may create only the Secret/,
  ],
  [
    'a Secret for a token',
    {
      method: 'POST',
      path: `/api/v1/namespaces/${own}/secrets`,
      body: secretIn(`${id}-webhook-tls`, { type: 'kubernetes.io/service-account-token' }),
    },
    /may create only the Secret|already exists/,
  ],
  ['another Lease', { method: 'POST', path: leases, body: lease('other') }, /may create only the Lease/],
  ['all pods of a namespace', { method: 'DELETE', path: `/api/v1/namespaces/${jobs}/pods` }, roles],
  [
    'a pod in another namespace',
    { method: 'POST', path: `/api/v1/namespaces/${jobs}/pods`, body: bare('evil', jobs) },
    roles,
  ],
  ['exec', { method: 'POST', path: `${podOf('web')}/exec?command=id` }, roles],
  ['an ephemeral container', { method: 'PATCH', path: `${podOf('web')}/ephemeralcontainers`, body: {} }, roles],
  ['a resize', { method: 'PATCH', path: `${podOf('pi-driver')}/resize`, body: {} }, roles],
  ['the status of a driver', { method: 'PATCH', path: `${podOf('pi-driver')}/status`, body: {} }, roles],
  ['an eviction', { method: 'POST', path: `${podOf('web')}/eviction`, body: evict }, roles],
  ['the status of an application', { method: 'PATCH', path: `${application}/status`, body: {} }, roles],
  ['delete an application', { method: 'DELETE', path: application }, roles],
  ['another webhook configuration', { method: 'PATCH', path: `${configurations}/other`, body: {} }, roles],
  ['delete the webhook configuration', { method: 'DELETE', path: `${configurations}/${id}` }, roles],
  ['the Secrets of others', { method: 'GET', path: `/api/v1/namespaces/${jobs}/secrets` }, roles],
  [
    'remove the policy',
    { method: 'DELETE', path: `/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/${id}-pods` },
    roles,
  ],
]

function annotate(key: string, value: string | null = 'x') {
  return { metadata: { annotations: { [key]: value } } }
}

async function read(path: string): Promise<unknown> {
  return JSON.parse(await cluster.kubectl(['get', '--raw', path]))
}

async function readDriver(name: string): Promise<Driver> {
  const found = parseDriver(await read(podOf(name)))
  assert.ok(found)
  return found
}

describe('a stolen token of the webhook', () => {
  for (const [what, attempt, message] of attempts) {
    test(`${attempt.method} ${what} → is rejected`, async () => {
      const answer = await send(attempt)
      assert.match(answer, /^HTTP (?:403|409)/)
      assert.match(answer, message)
    })
  }

  test('after all attempts → no object has changed', async () => {
    for (const name of ['pi-driver', 'pi-exec-1', 'web']) {
      const { metadata, spec } = toRecord(await read(podOf(name)))
      assert.deepEqual(toRecord(metadata).annotations, { owner: 'someone' })
      for (const { image } of toRecords(toRecord(spec).containers)) assert.equal(image, driverImage)
    }
    assert.equal(toRecord(toRecord(await read(application)).metadata).generation, 1)
  })

  test('the same requests of another account → are not affected', async () => {
    const arguments_ = ['patch', 'pod', 'web', '-n', jobs, '--dry-run=server', '-p']
    await cluster.kubectl([...arguments_, JSON.stringify({ metadata: { labels: { a: 'b' } } })])
    await cluster.kubectl([...arguments_, JSON.stringify(images('containers', 'main', 'localhost/other:1'))])
  })
})

describe('the webhook with its own token', () => {
  const writer = () => createClusterWriter({ api, reporter: 'test', nowMs: () => Date.now(), mayAct: () => true })

  test('the next application id → is written to the driver', async () => {
    const { uid } = await readDriver('pi-driver')
    const body = { metadata: { uid, annotations: { [nextApplicationIdSuffixAnnotation]: '-2' } } }
    assert.equal(await send(patchPod('pi-driver', body)), 'HTTP 200')
    assert.equal((await readDriver('pi-driver')).annotations[nextApplicationIdSuffixAnnotation], '-2')
  })

  test('a sidecar that blocks its driver → is bypassed', async () => {
    const result = await writer().replaceSidecarImage(await readDriver('pi-driver'), driverImage, 'ErrImagePull')
    assert.deepEqual(result, { kind: 'ok' })
    const bypassed = await readDriver('pi-driver')
    assert.equal(bypassed.sidecar?.image, driverImage)
    assert.ok(bypassed.annotations[bypassedAnnotation])
  })

  test('a sidecar of a pod of nearly the maximum size → is bypassed within the cost limits of the policies', async () => {
    const annotations = Object.fromEntries(
      Array.from({ length: 5_000 }, (_, index) => [`a.b/key-${index}`, 'x'.repeat(30)]),
    )
    const env = Array.from({ length: 200 }, (_, index) => ({ name: `NAME_${index}`, value: 'x'.repeat(50) }))
    const { metadata, spec } = driver('large-driver')
    const early = Array.from({ length: 40 }, (_, index) => ({ name: `early-${index}`, image: driverImage, env }))
    const initContainers = [...early, ...toRecords(toRecord(spec).initContainers)]
    await create({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { ...metadata, annotations },
      spec: { ...spec, initContainers },
    })
    const body = { ...annotate(bypassedAnnotation), ...images('initContainers', 'spark-nanny', driverImage) }
    assert.equal(await send(patchPod('large-driver', body)), 'HTTP 200')
  })

  test('a deletion → is recorded on the application, and the record is removed', async () => {
    const reference = { operator: 'kubeflow', namespace: jobs, name: 'pi', uid: null } as const
    for (const value of ['[]', '[1]', null]) {
      const { uid, resourceVersion } = toRecord(toRecord(await read(application)).metadata)
      const known = { uid: String(uid), resourceVersion: String(resourceVersion) }
      const result = await writer().annotateApplication(reference, known, { [actionsAnnotation]: value })
      assert.deepEqual(result, { kind: 'ok' })
    }
  })

  test('an Event about a driver → is published', async () => {
    const { uid } = await readDriver('pi-driver')
    const subject = { apiVersion: 'v1', kind: 'Pod', namespace: jobs, name: 'pi-driver', uid }
    const event = { type: 'Normal', reason: 'SparkNannyDriverHung', message: 'It hangs.', dedupKey: '1' } as const
    assert.deepEqual(await writer().publishEvent(subject, event), { kind: 'ok' })
  })

  test('a driver and an executor → are deleted', async () => {
    assert.deepEqual(await writer().deletePod(await readDriver('busy-driver')), { kind: 'ok' })
    const { uid, resourceVersion } = toRecord(toRecord(await read(podOf('pi-exec-1'))).metadata)
    const version = { namespace: jobs, name: 'pi-exec-1', uid: String(uid), resourceVersion: String(resourceVersion) }
    assert.deepEqual(await writer().deletePod(version), { kind: 'ok' })
  })

  test('the capabilities → are proven by dry runs', async () => {
    const { openShift, ...proof } = await probeServer(api, own)
    assert.equal(openShift, 'no')
    assert.ok(!Object.values(proof).includes('unknown'), JSON.stringify(proof))
    assert.equal(proof.nativeSidecars, 'yes')
  })

  test('the caBundle → is written and replaced', async () => {
    const pem = (text: string) => `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`
    for (const text of ['AAAA', 'BBBB']) {
      const { metadata, webhooks } = toRecord(await read(`${configurations}/${id}`))
      const caBundles = toRecords(webhooks).map(({ name }) => ({ name: toStringOrEmpty(name), pem: pem(text) }))
      const outcome = await writeCaBundles(api, id, caBundles, toStringOrEmpty(toRecord(metadata).resourceVersion))
      assert.deepEqual(outcome, { kind: 'written' })
    }
  })

  test('the Secret → is written, and created again after its deletion', async () => {
    const name = { namespace: own, name: `${id}-webhook-tls` }
    const text = { 'ca.crt': 'a', 'ca.key': 'b', 'old-ca.key': '', 'tls.crt': 'c', 'tls.key': 'd' }
    for (const isDeleted of [false, true]) {
      if (isDeleted) await cluster.kubectl(['delete', 'secret', name.name, '-n', own])
      const found = await readSecret(api, name, null)
      assert.ok(found.kind === 'read')
      assert.deepEqual(await writeSecret(api, name, text, found.value), { kind: 'written' })
    }
  })

  test('the Lease → is acquired, and created again after its deletion', async () => {
    for (const isDeleted of [false, true]) {
      if (isDeleted) await cluster.kubectl(['delete', 'lease', id, '-n', own])
      const stop = new AbortController()
      const elector = createLeaderElector({
        api,
        log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
        namespace: own,
        name: id,
        identity: `test-${isDeleted}`,
        monotonicMs: () => performance.now(),
        nowMs: () => Date.now(),
        sleep: (ms, signal) => delay(ms, undefined, { signal }).catch(() => {}),
        random: () => 0.5,
      })
      await elector.run(async () => stop.abort(), AbortSignal.any([stop.signal, AbortSignal.timeout(30_000)]))
      assert.ok(stop.signal.aborted, 'the Lease was acquired')
    }
  })
})
