import fc from 'fast-check'
import type { AdmissionContext } from '../../../admission/decide.ts'
import { applicationIdSuffixEnv } from '../../../core/contract/pod-contract.ts'
import type { Container } from '../../../core/kubernetes/pod.ts'
import type { OwnerRestartPolicy } from '../../../core/spark/application.ts'
import type { ApplicationLookup } from '../../../core/spark/application-reference.ts'

/** A pod as its owner may write it, valid or not, and the rest of the admission context. */
export interface DriverPod {
  readonly pod: {
    readonly metadata: object & { readonly labels: Readonly<Record<string, string>> }
    readonly spec: object & { readonly containers: readonly Container[] }
  }
  readonly context: Pick<AdmissionContext, 'application' | 'capabilities' | 'chartSettings' | 'servicesAdmitted'>
}

/** Only what PodSecurity's `restricted` allows, or anything. */
export type Strictness = 'restricted' | 'any'

const maybe = <T>(arbitrary: fc.Arbitrary<T>, weight = 1) =>
  fc.oneof({ weight: 1, arbitrary: fc.constant(undefined) }, { weight, arbitrary })
const pick = <const T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values)
const objects = (...values: readonly (object | undefined)[]) => fc.constantFrom(...values)
const lists = (...values: readonly (readonly object[])[]) => fc.constantFrom(...values)
const rarely = <T, U>(usual: T, ...rare: readonly U[]) =>
  fc.oneof({ weight: 6, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: pick(...rare) })

const cpu = ['100m', '200m', '300m', '500m', '1', '0.25'] as const
const memory = ['100Mi', '256Mi', '512Mi', '1Gi', '300M', '123456789'] as const
const pair = fc.record(
  { cpu: pick(...cpu), memory: pick(...memory), 'ephemeral-storage': pick('200Mi', '1Gi') },
  { requiredKeys: ['cpu', 'memory'] },
)

/** One style of resources for the whole pod, because independent choices would rarely give a Guaranteed pod. */
const resources = (style: string): fc.Arbitrary<object | undefined> => {
  switch (style) {
    case 'guaranteed':
      return pair.map((limits) => ({ limits, requests: limits }))
    case 'limits':
      return pair.map((limits) => ({ limits }))
    case 'requests':
      return pair.map((requests) => ({ requests }))
    case 'burstable':
      return pair.map((requests) => ({ requests, limits: { ...requests, cpu: '1100m', memory: '1100Mi' } }))
    case 'near':
      return pair.map((limits) => ({ limits, requests: { ...limits, memory: '95Mi' } }))
    case 'zero':
      return pick({ requests: { cpu: '0', memory: '0' } }, { limits: { cpu: '0', memory: '0' } })
    case 'mixed':
      return pick(undefined, {}, { limits: null }, { requests: { cpu: '300m' } }, { limits: { memory: '1Gi' } })
    default:
      return pick(undefined, {}, { requests: {} })
  }
}

const restricted = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
}
const containerSecurity = (strictness: Strictness) =>
  strictness === 'restricted'
    ? objects(restricted, { ...restricted, readOnlyRootFilesystem: true }, { ...restricted, runAsUser: 185 })
    : objects(undefined, {}, { runAsUser: 0 }, { privileged: true }, { readOnlyRootFilesystem: true }, restricted)
const podSecurity = (strictness: Strictness) =>
  strictness === 'restricted'
    ? pick(undefined, { runAsUser: 185, fsGroup: 185 }, { runAsNonRoot: true, supplementalGroups: [7] })
    : pick(undefined, {}, { runAsUser: 0 }, { runAsUser: 185, runAsGroup: 0 }, { runAsNonRoot: true }, { fsGroup: 185 })

const probe = pick(
  { httpGet: { path: '/', port: 4040 } },
  { exec: { command: ['true'] }, initialDelaySeconds: 5 },
  { tcpSocket: { port: 7078 } },
)

const env = maybe(
  lists(
    [],
    [{ name: 'A', value: '1' }],
    [
      { name: 'A', value: '1' },
      { name: 'A', value: '2' },
    ],
    [{ name: applicationIdSuffixEnv, value: '-own' }],
    [{ name: 'SPARK_CONF_DIR', value: '/opt/spark/conf/' }],
    [{ name: 'SPARK_DRIVER_BIND_ADDRESS', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }],
  ),
  3,
)

const args = fc.constantFrom<readonly string[] | undefined>(
  ['driver', '--properties-file', '/opt/spark/conf/spark.properties', '--class', 'App', 'local:///app.jar'],
  ['driver', '--conf', 'spark.app.id=own', '--class', 'App', 'local:///app.jar', '$(A)', '$$(B)'],
  ['driver'],
  ['sleep', '60'],
  [],
  undefined,
)

const volumes = fc.constantFrom<{ readonly volumes?: readonly object[]; readonly volumeMounts?: readonly object[] }>(
  {},
  {},
  {},
  {},
  { volumes: [], volumeMounts: [] },
  {
    volumes: [{ name: 'spark-conf-volume-driver', configMap: { name: 'conf', optional: true } }],
    volumeMounts: [{ name: 'spark-conf-volume-driver', mountPath: '/opt/spark/conf' }],
  },
  {
    volumes: [{ name: 'conf', emptyDir: {} }],
    volumeMounts: [{ name: 'conf', mountPath: '/opt/spark/conf', subPath: 'a/b' }],
  },
  { volumes: [{ name: 'run', emptyDir: {} }], volumeMounts: [{ name: 'run', mountPath: '/var/run' }] },
  {
    volumes: [{ name: 'run', emptyDir: {} }],
    volumeMounts: [{ name: 'run', mountPath: '/var/run', readOnly: true }],
  },
  { volumes: [{ name: 'spark-nanny', emptyDir: {} }] },
  {
    volumes: [{ name: 'own', emptyDir: {} }],
    volumeMounts: [{ name: 'own', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }],
  },
  {
    volumes: [{ name: 'own', emptyDir: {} }],
    volumeMounts: [{ name: 'own', mountPath: '/var/run/spark-nanny/' }],
  },
)

const ports = maybe(
  lists(
    [],
    [{ name: 'spark-ui', containerPort: 4050 }],
    [
      { name: 'driver-rpc-port', containerPort: 7078 },
      { name: 'nanny-status', containerPort: 8080 },
    ],
    [{ containerPort: 9165 }],
  ),
  2,
)

const annotations = maybe(
  fc
    .record(
      {
        restart: pick('auto', 'in-place', 'resubmit', 'observe', 'always'),
        interval: pick('5s', '5', '', '1000000h'),
        'probe-handler': pick('exec', 'http', 'grpc'),
        'max-restarts': pick('0', '7', '-1'),
        'ui-port': pick('auto', '4041', '70000'),
        'sidecar-cpu-limit': pick('100m', '0.0', '1e3', '50m', '7'),
        'sidecar-cpu-request': pick('1m', '300m', '0.25', 'x'),
        'sidecar-memory-limit': pick('128Mi', '1', '100000k', '333333333'),
        'sidecar-memory-request': pick('64', '200Mi', '77777777'),
        injected: pick('0.0.0'),
        unknown: pick('x', '"\u007f\n'),
      },
      { requiredKeys: [] },
    )
    .map((settings) =>
      Object.fromEntries(
        Object.entries(settings).flatMap(([key, value]) =>
          value === undefined ? [] : [[`spark-nanny.io/${key}`, value]],
        ),
      ),
    ),
  2,
)

const ownerPolicy = fc.constantFrom<OwnerRestartPolicy>(
  { kind: 'never' },
  { kind: 'on-failure', retries: 0 },
  { kind: 'on-failure', retries: 2 },
  { kind: 'always' },
)
const application: fc.Arbitrary<ApplicationLookup> = fc.oneof(
  fc.constant<ApplicationLookup>({ kind: 'none' }),
  fc.constant<ApplicationLookup>({
    kind: 'unreadable',
    reference: { operator: 'kubeflow', namespace: 'x', name: 'app', uid: null },
    detail: 'HTTP 500',
  }),
  fc.record({ operator: pick('kubeflow', 'apache'), restartPolicy: ownerPolicy, annotations: annotations }).map(
    ({ operator, restartPolicy, annotations: written }): ApplicationLookup => ({
      kind: 'found',
      application: { operator, namespace: 'x', name: 'app', annotations: written ?? {}, sparkConf: {}, restartPolicy },
    }),
  ),
)

/** Driver pods in every shape of the fields that an injection touches. `overheadClass` is a RuntimeClass with overhead. */
export const driverPods = (strictness: Strictness, overheadClass: string): fc.Arbitrary<DriverPod> =>
  pick('guaranteed', 'limits', 'requests', 'burstable', 'near', 'zero', 'mixed', 'none').chain((style) => {
    const own = { resources: resources(style), securityContext: containerSecurity(strictness) }
    const other = (prefix: string) =>
      fc.record({
        name: fc.nat(999).map((number) => `${prefix}-${number}`),
        image: fc.constant('localhost/pause:1'),
        ports,
        ...own,
      })
    const initContainer = fc
      .record({ container: other('init'), name: rarely(undefined, 'spark-nanny'), always: fc.boolean() })
      .map(({ container, name, always }) => ({
        ...container,
        ...(name !== undefined && { name }),
        ...(always && { restartPolicy: 'Always' }),
      }))
    const driver = fc.record({
      name: rarely('spark-kubernetes-driver', 'renamed'),
      image: fc.constant('localhost/spark:4.0.1'),
      args,
      env,
      ports,
      livenessProbe: maybe(probe),
      readinessProbe: maybe(probe),
      startupProbe: maybe(probe),
      ...own,
    })
    const free = strictness === 'any'
    const podLevel = pick(
      {},
      { limits: { cpu: '4', memory: '4Gi' } },
      { requests: { memory: '3Gi' } },
      { requests: { cpu: '3', memory: '3Gi' }, limits: { cpu: '3', memory: '3Gi' } },
      { requests: { cpu: '3' }, limits: { cpu: '4' } },
    )
    const spec = fc.record({
      restartPolicy: rarely('Never', 'OnFailure', 'Always', undefined),
      initContainers: maybe(fc.array(initContainer, { maxLength: 2 })),
      securityContext: podSecurity(strictness),
      hostNetwork: free ? rarely(undefined, true, false) : fc.constant(undefined),
      hostUsers: free ? rarely(undefined, false) : fc.constant(undefined),
      shareProcessNamespace: rarely(undefined, true),
      automountServiceAccountToken: rarely(undefined, false),
      runtimeClassName: rarely(undefined, overheadClass),
      os: rarely(undefined, { name: 'linux' }),
      resources: fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, { weight: 2, arbitrary: podLevel }),
      activeDeadlineSeconds: rarely(undefined, 3600),
    })
    return fc
      .record({
        driver,
        spec,
        volumes,
        annotations,
        before: fc.array(other('helper'), { maxLength: 1 }),
        after: fc.array(other('helper'), { maxLength: 1 }),
        generated: fc.boolean(),
        suffix: fc.nat(99_999),
        mesh: rarely('none', 'before', 'after'),
        context: fc.record({
          application,
          servicesAdmitted: rarely(true, false),
          chartSettings: pick({}, {}, { 'sidecar-memory-limit': '96Mi' }, { restart: 'observe' }, { nonsense: '1' }),
          capabilities: fc.record({
            nativeSidecars: fc.constant(true),
            restartAllContainers: rarely(true, false),
            containerRestartRules: rarely(true, false),
            openShift: rarely(false, true),
          }),
        }),
      })
      .map(({ driver: container, volumes: mounted, context, ...rest }) => ({
        context,
        pod: {
          metadata: {
            ...(rest.generated ? { generateName: 'driver-' } : { name: `driver-${rest.suffix}` }),
            labels: { 'spark-role': 'driver', 'spark-app-selector': `spark-${rest.suffix}`, mesh: rest.mesh },
            annotations: rest.annotations,
          },
          spec: {
            ...rest.spec,
            volumes: mounted.volumes,
            containers: [
              ...rest.before,
              { ...container, volumeMounts: mounted.volumeMounts } as Container,
              ...rest.after,
            ] as readonly Container[],
          },
        },
      }))
  })
