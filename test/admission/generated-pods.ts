import fc from 'fast-check'
import type { Container, Pod } from '../../core/kubernetes/pod.ts'

const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
/** Drops members that are undefined, as JSON does. */
const json = (value: object): unknown => JSON.parse(JSON.stringify(value))

const quantities = fc.constantFrom('100m', '0.5', '1', '2')
const memories = fc.constantFrom('512Mi', '1Gi', '1500M')
const resources = fc.record(
  {
    requests: fc.record({ cpu: quantities, memory: memories }, { requiredKeys: [] }),
    limits: fc.record({ cpu: quantities, memory: memories }, { requiredKeys: [] }),
  },
  { requiredKeys: [] },
)
/** Of QoS class Guaranteed when all containers have them. */
const equalResources = fc
  .record({ cpu: quantities, memory: memories })
  .map((amounts) => ({ requests: amounts, limits: amounts }))
const env = fc.array(
  fc.record({
    // Twice the same name is allowed; the last counts.
    name: fc.constantFrom('A', 'A', 'SPARK_CONF_DIR', 'SPARK_NANNY_APPLICATION_ID_SUFFIX', 'SPARK_NANNY_POLICY'),
    value: fc.constantFrom('', 'x', '/opt/spark/conf', '$(A)', '"quoted" ünïcode'),
  }),
  { maxLength: 3 },
)
const probe = fc.constantFrom({ tcpSocket: { port: 4040 } }, { exec: { command: ['true'] }, periodSeconds: 7 })
const ports = fc.array(
  fc.record({
    name: fc.constantFrom('spark-ui', 'nanny-status', 'x'),
    containerPort: fc.constantFrom(4040, 4041, 9165, 80),
  }),
  { maxLength: 2 },
)
const mounts = (volumeNames: readonly string[]) =>
  fc.uniqueArray(
    fc.record(
      {
        name: fc.constantFrom(...volumeNames),
        mountPath: fc.constantFrom('/opt/spark/conf', '/data', '/var/run', '/run', '/var/run/spark-nanny', '/etc/x'),
        readOnly: fc.boolean(),
        subPath: fc.constant('part'),
      },
      { requiredKeys: ['name', 'mountPath'] },
    ),
    { maxLength: 3, selector: ({ mountPath }) => mountPath },
  )

function container(names: fc.Arbitrary<string>, volumeNames: readonly string[], amounts: fc.Arbitrary<object>) {
  return fc.record(
    {
      name: names,
      image: fc.constant('spark:1'),
      args: fc.array(
        fc.constantFrom(
          'driver',
          '--conf',
          'spark.app.id=own',
          '--class',
          'A',
          'spark.kubernetes.allocation.driver.readinessTimeout=9s',
        ),
        { maxLength: 5 },
      ),
      env,
      ports,
      resources: amounts,
      volumeMounts: volumeNames.length === 0 ? fc.constant([]) : mounts(volumeNames),
      startupProbe: probe,
      livenessProbe: probe,
      readinessProbe: probe,
      securityContext: fc.constant({ runAsUser: 185 }),
      lifecycle: fc.constant({ preStop: { exec: { command: ['true'] } } }),
    },
    { requiredKeys: ['name', 'image'] },
  )
}

/** Of the pod as a whole; mostly absent. A manifest may state limits alone, or one resource alone. */
const podLevelResources = fc.oneof(
  { weight: 3, arbitrary: fc.constant(undefined) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      {},
      { limits: { cpu: '4', memory: '4Gi' } },
      { limits: { memory: '4Gi' } },
      { requests: { cpu: '2' } },
      { requests: { cpu: '2' }, limits: { cpu: '2', memory: '4Gi' } },
      { requests: { cpu: '4', memory: '4Gi' }, limits: { cpu: '4', memory: '4Gi' } },
    ),
  },
)

const settings = fc.constantFrom(
  {},
  { 'spark-nanny.io/restart': 'observe' },
  { 'spark-nanny.io/restart': 'in-place' },
  { 'spark-nanny.io/restart': 'resubmit' },
  { 'spark-nanny.io/probe-handler': 'http' },
  { 'spark-nanny.io/ui-port': '4141', 'spark-nanny.io/nonsense': '~/x' },
  { 'someone.else/annotation': 'a~b/c' },
)

/** A driver pod that an API server would accept, with everything absent that may be, odd probes, and names like ours. */
export const driverPods: fc.Arbitrary<Pod> = fc
  .record({
    volumeNames: fc.uniqueArray(fc.constantFrom('data', 'spark-conf-volume-driver', 'conf', 'spark-nanny', 'more'), {
      maxLength: 4,
    }),
    guaranteed: fc.boolean(),
  })
  .chain(({ volumeNames, guaranteed }) => {
    const amounts = guaranteed ? equalResources : maybe(resources).map((value) => value ?? {})
    const named = (name: string) => container(fc.constant(name), volumeNames, amounts)
    const sidecars = fc.uniqueArray(container(fc.constantFrom('logs', 'proxy', 'spark-nanny'), volumeNames, amounts), {
      maxLength: 2,
      selector: ({ name }) => name,
    })
    const init = fc.uniqueArray(
      fc.tuple(container(fc.constantFrom('init', 'mesh'), [], amounts), fc.boolean()).map(([item, always]) => ({
        name: item.name,
        image: item.image,
        resources: item.resources,
        ...(always && { restartPolicy: 'Always' }),
      })),
      { maxLength: 2, selector: ({ name }) => name },
    )
    return fc
      .record({
        driver: named('spark-kubernetes-driver'),
        sidecars,
        driverFirst: fc.boolean(),
        initContainers: maybe(init),
        volumes: maybe(fc.constant(null)),
        resources: podLevelResources,
        restartPolicy: fc.constantFrom('Never', 'Never', 'OnFailure', 'Always'),
        hostNetwork: maybe(fc.boolean()),
        securityContext: maybe(
          fc.constantFrom({}, { runAsUser: 0 }, { runAsUser: 185, fsGroup: 1 }, { runAsNonRoot: true }),
        ),
        annotations: maybe(settings),
        selector: maybe(fc.constant('spark-1')),
      })
      .map(
        ({ driver, sidecars: others, driverFirst, volumes, annotations, selector, ...spec }) =>
          json({
            apiVersion: 'v1',
            kind: 'Pod',
            metadata: {
              generateName: 'driver-',
              labels: { 'spark-role': 'driver', 'spark-app-selector': selector },
              annotations,
            },
            spec: {
              ...spec,
              volumes: volumeNames.length === 0 ? volumes : volumeNames.map((name) => ({ name, emptyDir: {} })),
              containers: driverFirst ? [driver, ...others] : [...others, driver],
            },
          }) as Pod,
      )
  })

/** What another mutating webhook may do to a pod, before us or after us. */
export const otherWebhooks: fc.Arbitrary<(pod: Pod) => Pod> = fc.constantFrom(
  // A service mesh: a sidecar, an init container, a volume, annotations.
  (pod: Pod): Pod => ({
    ...pod,
    metadata: { ...pod.metadata, annotations: { ...pod.metadata?.annotations, 'mesh/status': 'injected' } },
    spec: {
      ...pod.spec,
      initContainers: [...(pod.spec.initContainers ?? []), { name: 'mesh-init', image: 'mesh' }],
      containers: [...pod.spec.containers, { name: 'mesh-proxy', image: 'mesh', resources: smallest }],
      volumes: [...(pod.spec.volumes ?? []), { name: 'mesh', emptyDir: {} }],
    },
  }),
  // kubeflow's operator: env, volumes and mounts of the SparkApplication on the driver's container, labels.
  (pod: Pod): Pod => ({
    ...pod,
    metadata: {
      ...pod.metadata,
      labels: { ...pod.metadata?.labels, 'sparkoperator.k8s.io/mutated-by-spark-operator': 'true' },
    },
    spec: {
      ...pod.spec,
      volumes: [...(pod.spec.volumes ?? []), { name: 'added', configMap: { name: 'added' } }],
      containers: pod.spec.containers.map((item: Container) =>
        item.name !== 'spark-kubernetes-driver'
          ? item
          : {
              ...item,
              env: [...(item.env ?? []), { name: 'ADDED', value: '1' }],
              volumeMounts: [...(item.volumeMounts ?? []), { name: 'added', mountPath: '/added' }],
            },
      ),
    },
  }),
  // One that only says who it was, where there was no annotation before.
  (pod: Pod): Pod => ({
    ...pod,
    metadata: { ...pod.metadata, annotations: { ...pod.metadata?.annotations, seen: 'yes' } },
  }),
)

const smallest = { requests: { cpu: '1m', memory: '1Mi' }, limits: { cpu: '1m', memory: '1Mi' } }
