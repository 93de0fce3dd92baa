import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parse } from 'yaml'
import { toRecord } from '../../../core/json.ts'
import { type ApiRequest, describeResponse, type KubernetesApi } from '../../../kubernetes/api.ts'
import { applicationIdOf, type BenchDriver, driverPods, namespaceOf, sparkApplication } from './drivers.ts'

/** How large the cluster is. */
export interface Size {
  readonly nodes: number
  readonly namespaces: number
  readonly applications: number
  readonly drivers: number
}

/** The maximum number of concurrent requests. */
const concurrency = 24
const requestDeadlineMs = 60_000

/** The object of a successful response. Any other response ends the benchmark. */
export async function ask(
  api: KubernetesApi,
  request: Omit<ApiRequest, 'deadlineMs'>,
): Promise<Record<string, unknown>> {
  const answer = await api.request({ ...request, deadlineMs: requestDeadlineMs })
  if (answer.kind === 'response' && answer.status < 300) return toRecord(answer.body)
  throw new Error(`${request.method} ${request.path}: ${describeResponse(answer)}`)
}

/** Runs `work` for all items with limited concurrency. */
export async function together<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const rest = items.values()
  const worker = async () => {
    for (const item of rest) await work(item)
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
}

const range = (length: number) => Array.from({ length }, (_, index) => index)
const post = (api: KubernetesApi, path: string, body: object) => ask(api, { method: 'POST', path, body })

/** Namespaces that opted in, the CRD, SparkApplications, nodes and drivers. */
export async function fill(api: KubernetesApi, size: Size, version: string): Promise<readonly BenchDriver[]> {
  const namespace = (name: string, labels = {}) =>
    post(api, '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } })
  await namespace('spark-nanny')
  await together(range(size.namespaces), (index) =>
    namespace(namespaceOf(index, size.namespaces), { 'spark-nanny.io/inject': 'enabled' }),
  )
  await defineSparkApplications(api)
  await together(range(size.nodes), (index) =>
    post(api, '/api/v1/nodes', {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: `node-${index}`, labels: { 'kubernetes.io/os': 'linux', type: 'kwok' } },
    }),
  )
  const owners = new Map<number, NonNullable<BenchDriver['owner']>>()
  await together(range(size.applications), async (index) => {
    const [in_, name] = [namespaceOf(index, size.namespaces), `nightly-etl-${index}`]
    const path = `/apis/sparkoperator.k8s.io/v1beta2/namespaces/${in_}/sparkapplications`
    const { metadata } = await post(api, path, sparkApplication(in_, name))
    owners.set(index, { name, uid: String(toRecord(metadata).uid) })
  })
  const drivers = range(size.drivers).map((index): BenchDriver => {
    const owner = owners.get(index) ?? null
    const name = owner === null ? `report-${index}-4f1e2d9b8c7a6f50-driver` : `${owner.name}-driver`
    const node = `node-${index % size.nodes}`
    return { namespace: namespaceOf(index, size.namespaces), name, applicationId: applicationIdOf(name), node, owner }
  })
  const podOf = driverPods(version)
  await together(drivers, (driver) => post(api, `/api/v1/namespaces/${driver.namespace}/pods`, podOf(driver)))
  return drivers
}

async function defineSparkApplications(api: KubernetesApi): Promise<void> {
  const [plural, singular, kind] = ['sparkapplications', 'sparkapplication', 'SparkApplication']
  const openAPIV3Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
  await post(api, '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: 'sparkapplications.sparkoperator.k8s.io',
      // As the operator's own CRD has it: an API group under k8s.io is protected.
      annotations: { 'api-approved.kubernetes.io': 'https://github.com/kubeflow/spark-operator/pull/1298' },
    },
    spec: {
      group: 'sparkoperator.k8s.io',
      names: { kind, plural, singular, listKind: `${kind}List` },
      scope: 'Namespaced',
      versions: [
        { name: 'v1beta2', served: true, storage: true, schema: { openAPIV3Schema }, subresources: { status: {} } },
      ],
    },
  })
  const path = '/apis/sparkoperator.k8s.io/v1beta2/sparkapplications'
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const answer = await api.request({ method: 'GET', path, deadlineMs: requestDeadlineMs })
    if (answer.kind === 'response' && answer.status === 200) return
    await sleep(200)
  }
  throw new Error('the CRD of SparkApplications is not served')
}

/** Whether all drivers run. */
export async function allRunning(api: KubernetesApi): Promise<boolean> {
  const path = '/api/v1/pods?limit=1&labelSelector=spark-role%3Ddriver&fieldSelector=status.phase%3DPending'
  const { items } = await ask(api, { method: 'GET', path })
  return Array.isArray(items) && items.length === 0
}

/** Creates the chart's service account with the chart's permissions and returns its token. */
export async function serviceAccountToken(api: KubernetesApi): Promise<string> {
  const name = 'spark-nanny'
  const file = join(import.meta.dirname, '../../../charts/spark-nanny/files/rbac.yaml')
  const rights = parse(readFileSync(file, 'utf8').replaceAll('<fullname>', name))
  const rulesOf = (scope: 'cluster' | 'namespace') => rights[scope].map(({ rule }: { rule: object }) => rule)
  const accounts = `/api/v1/namespaces/${name}/serviceaccounts`
  await post(api, accounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } })
  const group = '/apis/rbac.authorization.k8s.io/v1'
  for (const [kind, at, scope] of [
    ['ClusterRole', group, 'cluster'],
    ['Role', `${group}/namespaces/${name}`, 'namespace'],
  ] as const) {
    const apiVersion = 'rbac.authorization.k8s.io/v1'
    await post(api, `${at}/${kind.toLowerCase()}s`, { apiVersion, kind, metadata: { name }, rules: rulesOf(scope) })
    await post(api, `${at}/${kind.toLowerCase()}bindings`, {
      apiVersion,
      kind: `${kind}Binding`,
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name },
      subjects: [{ kind: 'ServiceAccount', name, namespace: name }],
    })
  }
  const { status } = await post(api, `${accounts}/${name}/token`, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { expirationSeconds: 7_200 },
  })
  return String(toRecord(status).token)
}
