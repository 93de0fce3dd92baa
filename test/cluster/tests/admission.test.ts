import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { createCreationRequest } from '../../../admission/admission-review.ts'
import { type Admission, admit } from '../../../admission/admit.ts'
import type { AdmissionContext, AdmissionDecision } from '../../../admission/decide.ts'
import { type NamespaceLimits, parseNamespaceLimits } from '../../../core/kubernetes/namespace-limits.ts'
import type { Pod } from '../../../core/kubernetes/pod.ts'
import { parseQuantityMilli } from '../../../core/kubernetes/quantity.ts'
import { createClient } from '../../../kubernetes/client.ts'
import { loadAccess } from '../../../kubernetes/in-cluster-access.ts'
import { type AdmissionChain, caseLabel, startAdmissionChain } from '../harness/admission-chain.ts'
import { type BoundedNamespace, boundedNamespaces, boundsOf } from '../harness/bounded-namespaces.ts'
import { type Cluster, connectCluster } from '../harness/cluster.ts'
import { type DriverPod, driverPods } from '../harness/driver-pods.ts'
import { sidecarTag } from '../harness/images/project.ts'
import { createNamespace, deleteNamespace } from '../harness/namespaces.ts'
import { waitFor } from '../harness/processes.ts'

const podsPerNamespace = Number(process.env.PODS ?? 20)
const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31))
const prefix = `admission-${process.pid}`
const overheadClass = `${prefix}-overhead`
const namespaceOf = ({ name }: BoundedNamespace) => `${prefix}-${name}`

let cluster: Cluster
let chain: AdmissionChain
let api: ReturnType<typeof createClient>
const cases = new Map<string, DriverPod>()
const limits = new Map<string, NamespaceLimits>()

before(async () => {
  cluster = await connectCluster()
  api = createClient(await loadAccess({ KUBECONFIG: cluster.kubeconfigPath }, ''))
  const overhead = { podFixed: { cpu: '200m', memory: '200Mi' } }
  await cluster.objects.create({
    apiVersion: 'node.k8s.io/v1',
    kind: 'RuntimeClass',
    metadata: { name: overheadClass },
    ...{ handler: 'runc', overhead },
  })
  await Promise.all(boundedNamespaces.map(prepare))
  chain = await startAdmissionChain(cluster, prefix, (id, { namespace }) => contextOf(id, namespace))
  // The API server reads webhook configurations a moment after they are written.
  await waitFor({ what: 'the webhooks are called', timeoutMs: 30_000 }, async () => {
    const metadata = { name: 'probe', labels: { 'spark-role': 'driver', [caseLabel]: 'probe-off' } }
    await create(`${prefix}-open`, { metadata, spec: { containers: [{ name: 'a', image: 'b' }] } })
    assert.notEqual(chain.admissions('probe-off').length, 0)
    return true
  })
})
after(async () => {
  await chain?.stop()
  api?.close()
  await cluster.kubectl(['delete', 'runtimeclass', overheadClass, '--ignore-not-found'])
  await Promise.all(boundedNamespaces.map((row) => deleteNamespace(cluster, namespaceOf(row))))
})

/** Creates a namespace and waits until its limits are in effect. */
async function prepare(row: BoundedNamespace): Promise<void> {
  const namespace = namespaceOf(row)
  await createNamespace(cluster, namespace, { webhook: prefix, ...row.labels })
  for (const object of boundsOf(row, namespace)) await cluster.kubectl(['create', '-f', '-'], JSON.stringify(object))
  const list = async (resource: string) => {
    const answer = await api.request({
      method: 'GET',
      path: `/api/v1/namespaces/${namespace}/${resource}`,
      deadlineMs: 10_000,
    })
    assert.ok(answer.kind === 'response' && answer.status === 200)
    return (answer.body as { readonly items: readonly { readonly status?: { readonly used?: object } }[] }).items
  }
  const quotas = await waitFor({ what: `quota of ${namespace}`, timeoutMs: 30_000 }, async () => {
    const items = await list('resourcequotas')
    return items.every(({ status }) => status?.used !== undefined) ? items : undefined
  })
  limits.set(namespace, parseNamespaceLimits(await list('limitranges'), quotas))
}

/** `<id>-off` is the same pod, opted out, with the same mesh and the same limits. */
function contextOf(id: string, namespace: string): AdmissionContext {
  const context: AdmissionContext = {
    version: '0.0.0-test',
    sidecar: { image: sidecarTag, imagePullPolicy: 'Never' },
    servicesAdmitted: true,
    capabilities: { nativeSidecars: true, restartAllContainers: true, containerRestartRules: true, openShift: false },
    application: { kind: 'none' },
    limits: limits.get(namespace) ?? null,
    chartSettings: {},
    ...cases.get(id)?.context,
  }
  return id.endsWith('-off') ? { ...context, chartSettings: { inject: 'false' } } : context
}

interface Answer {
  readonly status: number
  readonly message: string
  readonly pod: Pod & { readonly status?: { readonly qosClass?: string } }
}

/** The API server's response to a dry run. */
async function create(namespace: string, pod: object): Promise<Answer> {
  const path = `/api/v1/namespaces/${namespace}/pods?dryRun=All`
  const body = { apiVersion: 'v1', kind: 'Pod', ...pod }
  const answer = await api.request({ method: 'POST', path, body, deadlineMs: 30_000 })
  assert.ok(answer.kind === 'response', answer.kind === 'failed' ? answer.detail : '')
  const { message = '' } = answer.body as { readonly message?: string }
  return { status: answer.status, message, pod: answer.body as Answer['pod'] }
}

/** Whether `actual` contains all fields of `expected`. Quantities may be spelled differently. */
function holds(actual: unknown, expected: unknown): boolean {
  if (Array.isArray(expected)) {
    return (
      Array.isArray(actual) &&
      actual.length === expected.length &&
      expected.every((item, index) => holds(actual[index], item))
    )
  }
  if (typeof expected === 'object' && expected !== null) {
    if (typeof actual !== 'object' || actual === null) return false
    return Object.entries(expected).every(([key, value]) => holds(Reflect.get(actual, key), value))
  }
  if (actual === expected) return true
  const quantity = typeof actual === 'string' && typeof expected === 'string' ? parseQuantityMilli(expected) : undefined
  return quantity !== undefined && parseQuantityMilli(String(actual)) === quantity
}

/** The injected fields that the response does not contain. */
function lost({ pod }: AdmissionDecision & { readonly kind: 'inject' }, answer: Answer['pod']): string[] {
  const sidecar = pod.spec.initContainers?.at(-1)
  const driver = pod.spec.containers.find(({ volumeMounts }) => volumeMounts?.some(isOurs))
  const answered = answer.spec.containers.find(({ name }) => name === driver?.name)
  const among = (list: readonly unknown[] | undefined, items: readonly unknown[] | undefined) =>
    (items ?? []).every((item) => (list ?? []).some((candidate) => holds(candidate, item)))
  const parts = {
    sidecar: holds(
      answer.spec.initContainers?.find(({ name }) => name === sidecar?.name),
      sidecar,
    ),
    annotations: holds(answer.metadata?.annotations, pod.metadata?.annotations),
    volumes: among(answer.spec.volumes, pod.spec.volumes),
    restartPolicy: holds(answer.spec.restartPolicy ?? 'Always', pod.spec.restartPolicy ?? 'Always'),
    mounts: among(answered?.volumeMounts, driver?.volumeMounts),
    env: among(answered?.env, driver?.env),
    args: holds(answered?.args ?? [], driver?.args ?? []),
    startupProbe: driver?.startupProbe === undefined || holds(answered?.startupProbe, driver.startupProbe),
    livenessProbe: driver?.livenessProbe === undefined || holds(answered?.livenessProbe, driver.livenessProbe),
    readinessProbe: driver?.readinessProbe === undefined || holds(answered?.readinessProbe, driver.readinessProbe),
  }
  return Object.entries(parts).flatMap(([part, held]) => (held ? [] : [part]))
}

const isOurs = ({ name }: { readonly name: string }) => name === 'spark-nanny'

const labelled = ({ metadata, spec }: DriverPod['pod'], id: string) => ({
  metadata: { ...metadata, labels: { ...metadata.labels, [caseLabel]: id } },
  spec,
})

/** The problem of an injected pod compared with the pod without the sidecar, if any. */
function judge(without: Answer, injected: Answer, { decision }: Admission): string | undefined {
  if (injected.status !== 201) return `rejected (${injected.status}) ${injected.message}`
  if (injected.pod.status?.qosClass !== without.pod.status?.qosClass) {
    return `QoS class ${without.pod.status?.qosClass} became ${injected.pod.status?.qosClass}`
  }
  const parts = decision.kind === 'inject' ? lost(decision, injected.pod) : []
  return parts.length === 0 ? undefined : `lost: ${parts.join(', ')}`
}

describe('admission of generated pods', () => {
  test('generated pods → none is rejected, changes its QoS class, or loses an injected field', async (context) => {
    context.diagnostic(`SEED=${seed}, ${podsPerNamespace} pods a namespace`)
    const startMs = performance.now()
    const faults: string[] = []
    const counts = new Map<string, Record<string, number>>()
    const jobs = boundedNamespaces.flatMap((row, index) => {
      const arbitrary = driverPods(row.name === 'restricted' ? 'restricted' : 'any', overheadClass)
      return fc
        .sample(arbitrary, { numRuns: podsPerNamespace, seed: seed + index })
        .map((item, number) => ({ row, item, id: `${row.name}-${number}` }))
    })
    const record = (
      { item, id }: (typeof jobs)[number],
      how: string,
      text: string | undefined,
      admission: Admission,
    ) => {
      if (text === undefined) return
      const { decision } = admission
      const sidecar = decision.kind === 'inject' ? decision.pod.spec.initContainers?.at(-1) : decision.reason
      faults.push(`${id} ${how}: ${text}\n  ${JSON.stringify({ ...item, sidecar })}`)
    }
    const counterOf = (name: string) => {
      const count = counts.get(name) ?? {}
      counts.set(name, count)
      return (what: string) => {
        count[what] = (count[what] ?? 0) + 1
      }
    }
    const checkWebhook = async (job: (typeof jobs)[number], without: Answer) => {
      const { row, item, id } = job
      const add = counterOf(row.name)
      const injected = await create(namespaceOf(row), labelled(item.pod, id))
      const admissions = chain.admissions(id)
      const first = admissions[0]
      assert.ok(first)
      add(first.decision.reason)
      if (admissions.length > 1) add('reinvoked')
      record(job, 'by the webhook', judge(without, injected, first), first)
      const again = admissions.slice(1).filter(({ decision }) => decision.kind === 'inject')
      if (first.decision.kind === 'inject' && again.length > 0) faults.push(`${id}: injected twice`)
    }
    /** As the command line injects: into the manifest, before the API server has added its defaults. */
    const checkManifest = async (job: (typeof jobs)[number]) => {
      const { row, item, id } = job
      const namespace = namespaceOf(row)
      const { metadata, spec } = item.pod
      const manifest = { apiVersion: 'v1', kind: 'Pod', metadata, spec }
      const admission = admit(
        createCreationRequest(JSON.parse(JSON.stringify(manifest)), namespace),
        contextOf(id, namespace),
      )
      if (admission.decision.kind !== 'inject') return
      const unmeshed = await create(namespace, manifest)
      const injected = await create(namespace, admission.decision.pod)
      record(job, 'as a manifest', judge(unmeshed, injected, admission), admission)
    }
    const runOne = async (job: (typeof jobs)[number]) => {
      const { row, item, id } = job
      cases.set(id, item)
      const without = await create(namespaceOf(row), labelled(item.pod, `${id}-off`))
      counterOf(row.name)(without.status === 201 ? 'accepted' : 'rejected')
      if (without.status !== 201) return
      await checkWebhook(job, without)
      if (row.limits === undefined && row.quota === undefined) await checkManifest(job)
    }
    const queue = [...jobs]
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        for (let job = queue.shift(); job !== undefined; job = queue.shift()) await runOne(job)
      }),
    )
    for (const [name, count] of counts) context.diagnostic(`${name}: ${JSON.stringify(count)}`)
    context.diagnostic(`${((performance.now() - startMs) / 1000).toFixed(1)} s`)
    assert.deepEqual(faults, [], faults.join('\n'))
    const injected = [...counts.values()].reduce((sum, { injected: number = 0 }) => sum + number, 0)
    assert.ok(injected >= jobs.length / 5, `${injected} of ${jobs.length} were injected: the generator makes too few`)
  })
})
