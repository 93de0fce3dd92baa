import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { watchNamespaceLimits } from '../../../cluster/namespace-limits-watch.ts'
import { watchNamespaces } from '../../../cluster/namespaces.ts'
import { watchNodes } from '../../../cluster/nodes.ts'
import { watchSparkApplications } from '../../../cluster/spark-applications.ts'
import { describeResponse, type KubernetesApi } from '../../../kubernetes/api.ts'
import { createClient } from '../../../kubernetes/client.ts'
import type { Reflector, ReflectorDeps } from '../../../kubernetes/reflector.ts'
import { watchDrivers } from '../../../webhook/controller/driver/driver-watch.ts'
import { accessWithToken } from '../harness/chart/account.ts'
import { chartDir, helm } from '../harness/chart/helm.ts'
import { type Cluster, connectCluster } from '../harness/cluster.ts'
import { createNamespace, deleteNamespace } from '../harness/namespaces.ts'
import { waitFor } from '../harness/processes.ts'

/** A release without pods and without a ClusterRole, and the watches of the webhook process with its token. */
const id = `namespaced-roles-${process.pid}`
const own = `${id}-own`
const [etl, other] = [`${id}-etl`, `${id}-other`]
const caBundle = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n'

let cluster: Cluster
let api: KubernetesApi & { close(): void }
const stop = new AbortController()

before(async () => {
  cluster = await connectCluster()
  for (const namespace of [own, etl, other]) await createNamespace(cluster, namespace)
  const values = {
    fullnameOverride: id,
    replicaCount: 0,
    rbac: { namespaces: [etl] },
    webhook: { tls: { existingSecret: 'own-tls', caBundle } },
  }
  const place = ['--namespace', own, '--kubeconfig', cluster.kubeconfigPath]
  const { code, stderr } = await helm(['install', id, chartDir, ...place, '--values', '-'], JSON.stringify(values))
  assert.equal(code, 0, stderr)
  api = createClient(await accessWithToken(cluster, own, id))
  for (const namespace of [etl, other]) await cluster.kubectl(['create', '-f', '-'], JSON.stringify(driver(namespace)))
})
after(async () => {
  stop.abort()
  api?.close()
  await helm(['uninstall', id, '--namespace', own, '--kubeconfig', cluster.kubeconfigPath, '--ignore-not-found'])
  for (const namespace of [own, etl, other]) await deleteNamespace(cluster, namespace)
})

const driver = (namespace: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'pi-driver', namespace, labels: { 'spark-role': 'driver' } },
  spec: {
    nodeSelector: { 'spark-nanny.io/no-such-node': 'true' },
    containers: [{ name: 'main', image: 'localhost/driver:1', args: ['driver'] }],
  },
})

describe('rbac.namespaces', () => {
  test('the watches of the webhook → work in the listed namespace, with its Role only', async () => {
    const deps: ReflectorDeps = {
      api,
      log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
      sleep: (ms, signal) => delay(ms, undefined, { signal }).catch(() => {}),
      random: Math.random,
      nowMs: Date.now,
      scope: { namespaces: [etl], oldestKubelet: [1, 33] },
    }
    const drivers = watchDrivers(deps)
    const namespaces = watchNamespaces(deps, '', () => {})
    const reflectors: readonly Reflector<unknown>[] = [
      drivers.reflector,
      namespaces,
      watchNodes(deps),
      ...watchNamespaceLimits(deps).reflectors,
      ...watchSparkApplications(deps).reflectors,
    ]
    for (const reflector of reflectors) void reflector.run(stop.signal)
    await waitFor({ what: 'all collections are read', timeoutMs: 40_000 }, async () =>
      reflectors.every((reflector) => reflector.synced()) ? true : undefined,
    )
    assert.deepEqual(
      [...drivers.reflector.objects.all()].map(({ namespace, name }) => `${namespace}/${name}`),
      [`${etl}/pi-driver`],
    )
    assert.deepEqual(
      [...namespaces.objects.all()].map(({ name }) => name),
      [etl],
    )
  })

  test('other namespaces and the cluster → are not readable', async () => {
    for (const path of [
      '/api/v1/pods',
      `/api/v1/namespaces/${other}/pods`,
      `/api/v1/namespaces/${other}`,
      '/api/v1/namespaces',
      '/api/v1/nodes',
      '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations',
    ]) {
      const response = await api.request({ method: 'GET', path, deadlineMs: 10_000 })
      assert.match(describeResponse(response), /^HTTP 403/, path)
    }
  })
})
