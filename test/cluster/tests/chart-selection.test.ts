import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { manifestsOf, template } from '../harness/chart/helm.ts'
import { type RecordingWebhook, startRecordingWebhook } from '../harness/chart/recording-webhook.ts'
import { type Cluster, connectCluster } from '../harness/cluster.ts'
import { createNamespace, deleteNamespace } from '../harness/namespaces.ts'
import { waitFor } from '../harness/processes.ts'

const id = `chart-selection-${process.pid}`
const guarded = `${id}-guarded`
const plain = `${id}-plain`
/** The namespace of the release, which is labelled too. */
const own = `${id}-own`
const label = { 'spark-nanny.io/inject': 'enabled' }
let cluster: Cluster
let webhook: RecordingWebhook

before(async () => {
  cluster = await connectCluster()
  webhook = await startRecordingWebhook(cluster)
  await Promise.all([
    createNamespace(cluster, guarded, label),
    createNamespace(cluster, plain),
    createNamespace(cluster, own, label),
  ])
  // Fail: an expression that cannot be evaluated, or a webhook that is not reached, rejects the object and shows.
  const text = await template({ values: { fullnameOverride: id, webhook: { failurePolicy: 'Fail' } } }, own)
  const configuration = manifestsOf(text).find(({ kind }) => kind === 'MutatingWebhookConfiguration')
  assert.ok(configuration)
  const { clientConfig } = webhook
  const webhooks = (configuration.webhooks as readonly object[]).map((item) => ({ ...item, clientConfig }))
  // Two kinds through three doors: all replicas, and each half of them.
  assert.equal(webhooks.length, 6)
  await cluster.kubectl(['create', '-f', '-'], JSON.stringify({ ...configuration, webhooks }))
  // The API server uses the configuration after about a second.
  await waitFor({ what: 'the webhook is asked', timeoutMs: 30_000 }, async () => {
    await create(guarded, pod('first', driver))
    return webhook.takeAsked().length > 0 ? true : undefined
  })
})
after(async () => {
  await cluster.kubectl(['delete', 'mutatingwebhookconfiguration', id, '--ignore-not-found'])
  for (const namespace of [guarded, plain, own]) await deleteNamespace(cluster, namespace)
  await webhook.stop()
})

const driver = { 'spark-role': 'driver' }
const create = (namespace: string, object: object) =>
  cluster.kubectl(['create', '--dry-run=server', '--namespace', namespace, '-f', '-'], JSON.stringify(object))

function pod(name: string, labels?: object, annotations?: object) {
  const containers = [{ name: 'main', image: 'localhost/pause:1' }]
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, labels, annotations }, spec: { containers } }
}

function service(name: string, spec: object) {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { ports: [{ port: 7078 }], ...spec } }
}

const headless = { clusterIP: 'None', selector: { ...driver, 'spark-app-selector': 'spark-1' } }
const opted = (value: string) => ({ 'spark-nanny.io/inject': value })

/** Objects, and whether the webhook is called for each. */
const cases: readonly (readonly [asked: boolean, what: string, namespace: string, object: { metadata: object }])[] = [
  [true, 'a driver', guarded, pod('driver', driver)],
  [true, 'a driver with other annotations', guarded, pod('annotated', driver, { a: 'b' })],
  [true, 'a driver that opts in by name', guarded, pod('opted-in', driver, opted('true'))],
  [true, 'a driver with a slip in its opt-out', guarded, pod('slip', driver, opted('no'))],
  [false, 'a driver that opts out', guarded, pod('opted-out', driver, opted('false'))],
  [false, 'an executor', guarded, pod('executor', { 'spark-role': 'executor' })],
  [false, 'a pod with other labels', guarded, pod('labelled', { app: 'web' })],
  [false, 'a pod without labels', guarded, pod('bare')],
  [false, 'a driver elsewhere', plain, pod('elsewhere', driver)],
  [false, 'a driver in the release’s own namespace', own, pod('own', driver)],
  [true, 'the Service of a driver', guarded, service('pi-driver-svc', headless)],
  [false, 'the Service of a driver elsewhere', plain, service('pi-driver-svc', headless)],
  [false, 'the Service of a driver in the own namespace', own, service('pi-driver-svc', headless)],
  [false, 'the Service of a UI', guarded, service('pi-ui-svc', { selector: driver })],
  [false, 'a headless Service of a driver by another name', guarded, service('pi-svc', headless)],
  [false, 'a Service with an address', guarded, service('web-driver-svc', { selector: driver })],
  [false, 'a headless Service of others', guarded, service('db-driver-svc', { ...headless, selector: { app: 'db' } })],
  [
    false,
    'a headless Service of an executor',
    guarded,
    service('x-driver-svc', { ...headless, selector: { 'spark-role': 'executor' } }),
  ],
  [false, 'a headless Service without selector', guarded, service('none-driver-svc', { clusterIP: 'None' })],
  [
    false,
    'a Service of another type',
    guarded,
    service('out-driver-svc', { type: 'ExternalName', externalName: 'a.b', ports: [] }),
  ],
]

describe('webhook selection', () => {
  for (const [asked, what, namespace, object] of cases) {
    test(`${what} → the webhook is ${asked ? 'called' : 'not called'}`, async () => {
      webhook.takeAsked()
      await create(namespace, object)
      // It changes nothing, as if it were not reached: it is asked again through each half.
      assert.equal(webhook.takeAsked().length, asked ? 3 : 0)
    })
  }

  test('a second admission round → does not call the webhook again', async () => {
    webhook.takeAsked()
    await create(guarded, pod('injected', driver, { 'spark-nanny.io/injected': '0.1.0' }))
    assert.equal(webhook.takeAsked().length, 1)
    await create(guarded, service('pi-driver-svc', { ...headless, publishNotReadyAddresses: true }))
    assert.equal(webhook.takeAsked().length, 1)
  })

  test('a Service with generateName only → is admitted', async () => {
    const { spec, ...rest } = service('', headless)
    await create(guarded, { ...rest, metadata: { generateName: 'pi-driver-svc-' }, spec })
    assert.deepEqual(webhook.takeAsked(), [])
  })

  test('an update of a driver pod → does not call the webhook', async () => {
    await cluster.kubectl(['create', '-n', guarded, '-f', '-'], JSON.stringify(pod('changed', driver)))
    webhook.takeAsked()
    await cluster.kubectl(['annotate', '-n', guarded, 'pod/changed', 'a=b'])
    await cluster.kubectl(['delete', '-n', guarded, 'pod/changed', '--grace-period=1', '--wait=false'])
    assert.deepEqual(webhook.takeAsked(), [])
  })
})
