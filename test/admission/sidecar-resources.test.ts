import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { planSidecarResources } from '../../admission/sidecar-resources.ts'
import { parseNamespaceLimits } from '../../core/kubernetes/namespace-limits.ts'
import type { PodSpec, ResourceRequirements } from '../../core/kubernetes/pod.ts'
import {
  computePodTotalMilli,
  computeQosClass,
  findUnstatedPodRequests,
  parsePodResources,
} from '../../core/kubernetes/pod-resources.ts'
import { resolveSettings } from '../../core/settings/settings.ts'

const spec = (resources: ResourceRequirements | undefined, more: object = {}): PodSpec => ({
  containers: [{ name: 'driver', ...(resources && { resources }) }],
  ...more,
})
const burstable = spec({ requests: { cpu: '1', memory: '1Gi' }, limits: { memory: '1Gi' } })
const guaranteed = spec({ requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '1', memory: '1Gi' } })
const range = (type: string, bounds: object) => [{ spec: { limits: [{ type, ...bounds }] } }]
const quota = (hard: object, used: object, more: object = {}) => [
  { metadata: { name: 'q' }, spec: { hard, ...more }, status: { hard, used } },
]
const defaults = { requests: { cpu: '10m', memory: '64Mi' }, limits: { cpu: '200m', memory: '128Mi' } }

interface Row {
  readonly name: string
  readonly pod: PodSpec
  readonly written?: Record<string, string>
  readonly ranges?: readonly unknown[]
  readonly quotas?: readonly unknown[]
  readonly expected: ResourceRequirements | undefined | 'limits-exceeded' | 'quota-exceeded'
}

const rows: readonly Row[] = [
  { name: 'default settings', pod: burstable, expected: defaults },
  {
    name: 'a Guaranteed pod',
    pod: guaranteed,
    expected: { requests: { cpu: '50m', memory: '64Mi' }, limits: { cpu: '50m', memory: '64Mi' } },
  },
  { name: 'a BestEffort pod', pod: spec(undefined), expected: undefined },
  {
    name: 'resources at pod level',
    pod: spec(undefined, { resources: { limits: { cpu: '2', memory: '4Gi' } } }),
    expected: defaults,
  },
  {
    name: 'a resource that neither the pod nor its containers state',
    pod: spec(undefined, { resources: { limits: { cpu: '2' } } }),
    expected: { requests: { cpu: '10m' }, limits: { cpu: '200m' } },
  },
  {
    name: 'resources at pod level, all of which the driver requests',
    pod: spec({ requests: { cpu: '1', memory: '1Gi' } }, { resources: { requests: { cpu: '1', memory: '1Gi' } } }),
    expected: { requests: { cpu: '0m', memory: '0' }, limits: defaults.limits },
  },
  {
    name: 'resources at pod level, all of which the limits of the driver request',
    pod: spec({ limits: { cpu: '1', memory: '1Gi' } }, { resources: { requests: { cpu: '1', memory: '1Gi' } } }),
    expected: { requests: { cpu: '0m', memory: '0' }, limits: defaults.limits },
  },
  {
    name: 'limits alone at pod level, and a driver with requests: the pod requests what the driver does',
    pod: spec({ requests: { cpu: '1', memory: '1Gi' } }, { resources: { limits: { cpu: '4', memory: '4Gi' } } }),
    expected: { requests: { cpu: '0m', memory: '0' }, limits: defaults.limits },
  },
  {
    name: 'limits at pod level below the sidecar’s',
    pod: spec(undefined, { resources: { limits: { cpu: '100m', memory: '100Mi' } } }),
    expected: { requests: { cpu: '10m', memory: '64Mi' }, limits: { cpu: '100m', memory: '100Mi' } },
  },
  {
    name: 'limits at pod level below what a sidecar needs',
    pod: spec(undefined, { resources: { limits: { memory: '16Mi' } } }),
    expected: undefined,
  },
  {
    name: 'resources at pod level and a LimitRange that would add resources to the sidecar',
    pod: spec(undefined, { resources: { limits: { cpu: '2' } } }),
    ranges: range('Container', { max: { cpu: '1' } }),
    expected: 'limits-exceeded',
  },
  {
    name: 'a limit below the request, which is raised',
    pod: burstable,
    written: { 'sidecar-memory-request': '256Mi' },
    expected: { requests: { cpu: '10m', memory: '256Mi' }, limits: { cpu: '200m', memory: '256Mi' } },
  },
  {
    name: 'a limit too low to start a container, which is raised',
    pod: burstable,
    written: { 'sidecar-memory-request': '1Mi', 'sidecar-memory-limit': '1Mi' },
    expected: { requests: { cpu: '10m', memory: '1Mi' }, limits: { cpu: '200m', memory: '32Mi' } },
  },
  {
    name: 'a LimitRange’s min',
    pod: burstable,
    ranges: range('Container', { min: { cpu: '100m', memory: '256Mi' } }),
    expected: {
      requests: { cpu: '100m', memory: '256Mi' },
      limits: { cpu: '200m', memory: '256Mi' },
    },
  },
  {
    name: 'a LimitRange’s max',
    pod: burstable,
    ranges: range('Container', { max: { cpu: '50m', memory: '48Mi' } }),
    expected: { requests: { cpu: '10m', memory: '48Mi' }, limits: { cpu: '50m', memory: '48Mi' } },
  },
  {
    name: 'a LimitRange’s ratio',
    pod: burstable,
    ranges: range('Container', { maxLimitRequestRatio: { cpu: '4', memory: '1' } }),
    expected: { requests: { cpu: '50m', memory: '128Mi' }, limits: defaults.limits },
  },
  {
    name: 'a max below what a sidecar needs',
    pod: burstable,
    ranges: range('Container', { max: { memory: '16Mi' } }),
    expected: 'limits-exceeded',
  },
  {
    name: 'two LimitRanges that contradict each other',
    pod: burstable,
    ranges: [...range('Container', { max: { cpu: '50m' } }), ...range('Container', { min: { cpu: '100m' } })],
    expected: 'limits-exceeded',
  },
  {
    name: 'a max for the pod that leaves little',
    pod: guaranteed,
    ranges: range('Pod', { max: { cpu: '1100m', memory: '2Gi' } }),
    expected: { requests: { cpu: '50m', memory: '64Mi' }, limits: { cpu: '50m', memory: '64Mi' } },
  },
  {
    name: 'a max for the pod that leaves nothing',
    pod: guaranteed,
    ranges: range('Pod', { max: { memory: '1Gi' } }),
    expected: 'limits-exceeded',
  },
  {
    name: 'a ratio for the pod, which equal requests and limits keep',
    pod: burstable,
    ranges: range('Pod', { maxLimitRequestRatio: { cpu: '1' } }),
    expected: { requests: { cpu: '200m', memory: '64Mi' }, limits: defaults.limits },
  },
  {
    name: 'a quota with capacity',
    pod: burstable,
    quotas: quota({ 'requests.cpu': '2' }, { 'requests.cpu': '900m' }),
    expected: defaults,
  },
  {
    name: 'a quota that fits only the pod',
    pod: burstable,
    quotas: quota({ 'limits.memory': '2Gi' }, { 'limits.memory': '1Gi' }),
    expected: 'quota-exceeded',
  },
  { name: 'a quota by its short name', pod: burstable, quotas: quota({ cpu: '1' }, {}), expected: 'quota-exceeded' },
  {
    name: 'a quota too tight for the pod itself',
    pod: burstable,
    quotas: quota({ cpu: '500m' }, {}),
    expected: defaults,
  },
  {
    name: 'a quota for BestEffort pods',
    pod: burstable,
    quotas: quota({ cpu: '1' }, {}, { scopes: ['BestEffort'] }),
    expected: defaults,
  },
]
describe('planSidecarResources', () => {
  for (const { name, pod, written, ranges = [], quotas = [], expected } of rows) {
    test(`${name} → ${typeof expected === 'string' ? expected : 'fits'}`, () => {
      const { values } = resolveSettings({ chart: written })
      const result = planSidecarResources({ spec: pod }, values, parseNamespaceLimits(ranges, quotas))
      assert.deepEqual(result.kind === 'resources' ? result.resources : result.reason, expected)
    })
  }

  const inGroup = (pod: PodSpec, minResource: unknown, name = 'spark-driver') => ({
    metadata: {
      annotations: {
        'yunikorn.apache.org/task-group-name': name,
        'yunikorn.apache.org/task-groups': JSON.stringify([{ name: 'spark-driver', minMember: 1, minResource }]),
      },
    },
    spec: pod,
  })
  const noRequests = { requests: { cpu: '0m', memory: '0' }, limits: defaults.limits }
  const same = { cpu: '50m', memory: '64Mi' }
  for (const [name, pod, expected] of [
    ['no room', inGroup(burstable, { cpu: '1', memory: '1Gi' }), noRequests],
    ['less than the pod', inGroup(burstable, { cpu: '500m', memory: '1Mi' }), noRequests],
    ['room', inGroup(burstable, { cpu: '1010m', memory: '1088Mi' }), defaults],
    ['room, as numbers', inGroup(burstable, { cpu: 2, memory: 2 ** 31 }), defaults],
    [
      'room for CPU only',
      inGroup(burstable, { cpu: '2', memory: '1Gi' }),
      { ...defaults, requests: { cpu: '10m', memory: '0' } },
    ],
    ['another name', inGroup(burstable, { cpu: '2', memory: '2Gi' }, 'other'), noRequests],
    ['no amounts', inGroup(burstable, 'none'), noRequests],
    ['no room, Guaranteed', inGroup(guaranteed, { cpu: '1', memory: '1Gi' }), 'limits-exceeded'],
    ['room, Guaranteed', inGroup(guaranteed, { cpu: '2', memory: '2Gi' }), { requests: same, limits: same }],
  ] as const) {
    test(`a task group with ${name} → the pod stays within its placeholder`, () => {
      const result = planSidecarResources(pod, resolveSettings({}).values, null)
      assert.deepEqual(result.kind === 'resources' ? result.resources : result.reason, expected)
    })
  }

  test('a Guaranteed pod that may fill a node → a warning; a small one → none', () => {
    const warningsOf = (cpu: string) => {
      const amounts = { cpu, memory: '1Gi' }
      const plan = planSidecarResources(
        { spec: spec({ requests: amounts, limits: amounts }) },
        resolveSettings({}).values,
        null,
      )
      return plan.kind === 'resources' ? plan.warnings : []
    }
    assert.match(warningsOf('7800m').join(), /adds 50m CPU and 64Mi memory to the requests of this Guaranteed pod/)
    assert.deepEqual(warningsOf('1'), [])
  })

  test('the total of a pod → sidecars are added, an init container counts only if it is more', () => {
    const cpu = (amount: string, restartPolicy?: string) => ({
      name: amount,
      resources: { requests: { cpu: amount } },
      ...(restartPolicy && { restartPolicy }),
    })
    const total = (initContainers: PodSpec['initContainers'] & object) =>
      computePodTotalMilli({ containers: [cpu('1')], initContainers }, 'requests', 'cpu')
    assert.equal(total([]), 1000)
    assert.equal(total([cpu('500m')]), 1000)
    assert.equal(total([cpu('3')]), 3000)
    assert.equal(total([cpu('100m', 'Always'), cpu('3')]), 3100)
    assert.equal(total([cpu('3'), cpu('100m', 'Always')]), 3000)
    assert.equal(total([cpu('100m', 'Always')]), 1100)
  })

  test('requests that a pod leaves to the API server → what the API server sets', () => {
    const unstated = (driver: ResourceRequirements | undefined, pod: ResourceRequirements) =>
      findUnstatedPodRequests(spec(driver, { resources: pod }))
    const limits = { cpu: '4', memory: '4Gi' }
    const rows: readonly (readonly [ResourceRequirements | undefined, ResourceRequirements, object])[] = [
      [undefined, { limits }, { cpu: '4000m', memory: '4096Mi' }],
      [{ requests: { cpu: '1' } }, { limits }, { cpu: '1000m', memory: '4096Mi' }],
      [{ limits: { cpu: '1' } }, { limits }, { cpu: '1000m', memory: '4096Mi' }],
      [{ requests: { cpu: '0' } }, { limits }, { cpu: '0m', memory: '4096Mi' }],
      [undefined, { requests: limits, limits }, {}],
      [{ requests: { memory: '1.1Gi' } }, { limits }, { cpu: '4000m', memory: '1181116006400m' }],
      [{ requests: limits }, { requests: { cpu: '4' } }, { memory: '4096Mi' }],
      [{ requests: limits }, {}, {}],
    ]
    for (const [driver, pod, expected] of rows) assert.deepEqual({ ...unstated(driver, pod) }, expected)
  })

  test('resources of containers → the QoS class that Kubernetes computes', () => {
    assert.equal(computeQosClass(parsePodResources(guaranteed)), 'Guaranteed')
    assert.equal(computeQosClass(parsePodResources(burstable)), 'Burstable')
    assert.equal(computeQosClass(parsePodResources(spec(undefined))), 'BestEffort')
    assert.equal(computeQosClass(parsePodResources(spec({ requests: { cpu: '0' } }))), 'BestEffort')
    assert.equal(computeQosClass(parsePodResources(spec({ limits: { cpu: '1', memory: '1Gi' } }))), 'Guaranteed')
    assert.equal(computeQosClass(parsePodResources({ ...guaranteed, initContainers: [{ name: 'i' }] })), 'Burstable')
  })
})
