/** A namespace with limits for its pods: the objects in it, as manifests without metadata. */
export interface BoundedNamespace {
  readonly name: string
  readonly labels?: Readonly<Record<string, string>>
  readonly limits?: readonly object[]
  readonly quota?: { readonly hard: Readonly<Record<string, string>>; readonly scopes?: readonly string[] }
}

const container = { type: 'Container' } as const
const pod = { type: 'Pod' } as const
const defaults = {
  default: { cpu: '500m', memory: '512Mi' },
  defaultRequest: { cpu: '250m', memory: '400Mi' },
} as const

export const boundedNamespaces: readonly BoundedNamespace[] = [
  { name: 'open' },
  { name: 'restricted', labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
  {
    name: 'quota',
    quota: { hard: { 'requests.cpu': '90', 'requests.memory': '90Gi', 'limits.cpu': '90', 'limits.memory': '90Gi' } },
  },
  { name: 'quota-requests', quota: { hard: { cpu: '90', memory: '90Gi' } } },
  { name: 'quota-nearly-full', quota: { hard: { 'requests.cpu': '1100m', 'requests.memory': '1100Mi' } } },
  { name: 'quota-limits-nearly-full', quota: { hard: { 'limits.cpu': '2150m', 'limits.memory': '2200Mi' } } },
  { name: 'quota-best-effort', quota: { hard: { pods: '5' }, scopes: ['BestEffort'] } },
  { name: 'defaults-only', limits: [{ ...container, ...defaults }] },
  { name: 'defaults-large', limits: [{ ...container, default: { cpu: '3500m', memory: '3500Mi' } }] },
  {
    name: 'container-bounds',
    limits: [{ ...container, ...defaults, min: { cpu: '50m', memory: '90Mi' }, max: { cpu: '2', memory: '2Gi' } }],
  },
  { name: 'container-max-small', limits: [{ ...container, ...defaults, max: { cpu: '1', memory: '1Gi' } }] },
  { name: 'ratio', limits: [{ ...container, ...defaults, maxLimitRequestRatio: { cpu: '2.3', memory: '1.3' } }] },
  { name: 'ratio-one', limits: [{ ...container, maxLimitRequestRatio: { cpu: '1', memory: '1' } }] },
  { name: 'pod-max', limits: [{ ...pod, max: { cpu: '2100m', memory: '2100Mi' } }] },
  { name: 'pod-ratio', limits: [{ ...pod, maxLimitRequestRatio: { cpu: '2', memory: '2' } }] },
  {
    name: 'pod-min',
    limits: [
      { ...pod, min: { cpu: '300m', memory: '300Mi' } },
      { ...container, ...defaults },
    ],
  },
  {
    name: 'ephemeral-storage',
    limits: [
      { ...container, default: { 'ephemeral-storage': '1Gi' } },
      { ...pod, max: { 'ephemeral-storage': '1500Mi' } },
    ],
  },
  {
    name: 'ephemeral-ratio',
    limits: [{ ...container, ...defaults, maxLimitRequestRatio: { 'ephemeral-storage': '2' } }],
  },
  {
    name: 'ephemeral-quota',
    limits: [{ ...container, default: { 'ephemeral-storage': '1Gi' } }],
    quota: { hard: { 'limits.ephemeral-storage': '1500Mi' } },
  },
]

/** The objects that bound `namespace`. */
export const boundsOf = ({ limits, quota }: BoundedNamespace, namespace: string): readonly object[] => [
  ...(limits === undefined
    ? []
    : [{ apiVersion: 'v1', kind: 'LimitRange', metadata: { name: 'bounds', namespace }, spec: { limits } }]),
  ...(quota === undefined
    ? []
    : [{ apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'quota', namespace }, spec: quota }]),
]
