import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { planSidecarResources } from '../../admission/sidecar-resources.ts'
import { parseNamespaceLimits } from '../../core/kubernetes/namespace-limits.ts'
import type { PodSpec, ResourceRequirements } from '../../core/kubernetes/pod.ts'
import { resolveSettings } from '../../core/settings/settings.ts'

// Each row is a pod that Kubernetes 1.36.3 took without the sidecar and rejected with it; see test/cluster/tests/admission.test.ts.
interface Row {
  readonly name: string
  readonly resources?: ResourceRequirements
  readonly spec?: Partial<PodSpec>
  readonly limits?: readonly object[]
  readonly hard?: Readonly<Record<string, string>>
  readonly expected: ResourceRequirements | undefined | 'limits-exceeded' | 'quota-exceeded'
}

const one = { cpu: '1', memory: '1Gi' }
const sidecar = { requests: { cpu: '10m', memory: '64Mi' }, limits: { cpu: '200m', memory: '128Mi' } }
const zeros = { cpu: '0', memory: '0' }
const container = (bounds: object) => ({ type: 'Container', ...bounds })
const rows: readonly Row[] = [
  {
    name: 'a BestEffort pod with zeros and a quota that requires requests',
    resources: { requests: zeros },
    hard: { cpu: '9' },
    expected: { requests: zeros, limits: zeros },
  },
  {
    name: 'an empty `resources` of the pod and a quota that requires requests',
    resources: { requests: one },
    spec: { resources: {} },
    hard: { cpu: '9' },
    expected: sidecar,
  },
  {
    name: 'resources at pod level and a LimitRange with defaults only',
    spec: { resources: { requests: one } },
    limits: [container({ default: { cpu: '2' } })],
    expected: 'limits-exceeded',
  },
  {
    name: 'a ratio that does not divide whole bytes',
    resources: { requests: one, limits: one },
    spec: { initContainers: [{ name: 'i' }] },
    limits: [container({ maxLimitRequestRatio: { memory: '1300m' } })],
    expected: { ...sidecar, requests: { cpu: '10m', memory: '103244407' } },
  },
  {
    name: 'a default of ephemeral storage above the maximum of the pod',
    resources: { requests: { ...one, 'ephemeral-storage': '1Gi' }, limits: { 'ephemeral-storage': '1Gi' } },
    limits: [
      container({ default: { 'ephemeral-storage': '1Gi' } }),
      { type: 'Pod', max: { 'ephemeral-storage': '1500Mi' } },
    ],
    expected: 'limits-exceeded',
  },
  {
    name: 'a default of ephemeral storage above the quota',
    resources: { requests: { ...one, 'ephemeral-storage': '1Gi' }, limits: { 'ephemeral-storage': '1Gi' } },
    limits: [container({ default: { 'ephemeral-storage': '1Gi' } })],
    hard: { 'limits.ephemeral-storage': '1500Mi' },
    expected: 'quota-exceeded',
  },
  {
    name: 'a ratio of ephemeral storage, which the sidecar does not request',
    resources: { requests: { ...one, 'ephemeral-storage': '1Gi' }, limits: { 'ephemeral-storage': '1Gi' } },
    limits: [container({ maxLimitRequestRatio: { 'ephemeral-storage': '2' } })],
    expected: 'limits-exceeded',
  },
  {
    name: 'a ratio for the pod, hidden by a larger init container',
    resources: { requests: { cpu: '100m', memory: '1Gi' }, limits: { cpu: '1', memory: '1Gi' } },
    spec: {
      initContainers: [{ name: 'i', resources: { requests: { cpu: '500m' }, limits: { cpu: '500m' } } }],
    },
    limits: [{ type: 'Pod', maxLimitRequestRatio: { cpu: '2' } }],
    expected: 'limits-exceeded',
  },
  {
    name: 'a quota exhausted by the overhead of the RuntimeClass',
    resources: { requests: one },
    spec: { overhead: { cpu: '100m' } },
    hard: { cpu: '1105m' },
    expected: 'quota-exceeded',
  },
]

describe('checkQuota', () => {
  for (const { name, resources, spec, limits = [], hard, expected } of rows) {
    test(`${name} → ${typeof expected === 'string' ? expected : 'fits'}`, () => {
      const pod = { containers: [{ name: 'driver', ...(resources && { resources }) }], ...spec }
      const quotas = hard === undefined ? [] : [{ metadata: { name: 'q' }, spec: { hard }, status: { hard, used: {} } }]
      const result = planSidecarResources(
        { spec: pod },
        resolveSettings({}).values,
        parseNamespaceLimits([{ spec: { limits } }], quotas),
      )
      assert.deepEqual(result.kind === 'resources' ? result.resources : result.reason, expected)
    })
  }
})
