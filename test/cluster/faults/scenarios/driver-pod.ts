import { createdAnnotation, iso } from '../runner/fast-clock.ts'

export const ownSidecarImage = 'registry.invalid/spark-nanny-sidecar:1'
export const driverImage = 'registry.invalid/spark:4'
/** Keeps a deleted pod until the simulated kubelet has ended it. */
export const kubeletFinalizer = 'faults.test/kubelet'
/** Label of a run's objects: the run and the role. Spark's own label would show them to other tests' controllers. */
export const runLabel = 'faults.test/run'

export interface PodPlan {
  readonly name: string
  readonly run: string
  readonly sidecar: boolean
  /** Whether the pod terminates slowly when it is deleted. */
  readonly graceful: boolean
  readonly annotations?: Readonly<Record<string, string>>
  readonly owner?: { readonly name: string; readonly uid: string }
}

/** A driver pod as the webhook injects it, never scheduled to a node. */
export function driverPod({ name, run, sidecar, graceful, annotations, owner }: PodPlan, nowMs: number): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      labels: { [runLabel]: `${run}-driver`, 'spark-app-selector': `spark-${name}`, 'spark-app-name': name },
      annotations: {
        [createdAnnotation]: iso(nowMs),
        ...(sidecar && { 'spark-nanny.io/injected': '1.2.3' }),
        ...annotations,
      },
      ...(graceful && { finalizers: [kubeletFinalizer] }),
      ...(owner !== undefined && {
        ownerReferences: [
          { apiVersion: 'sparkoperator.k8s.io/v1beta2', kind: 'SparkApplication', controller: true, ...owner },
        ],
      }),
    },
    spec: {
      schedulerName: 'nobody',
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      ...(sidecar && {
        initContainers: [
          {
            name: 'spark-nanny',
            image: ownSidecarImage,
            restartPolicy: 'Always',
            restartPolicyRules: [{ action: 'RestartAllContainers', exitCodes: { operator: 'In', values: [88] } }],
            env: [{ name: 'SPARK_NANNY_POLICY', value: '{}' }],
            ports: [{ containerPort: 9165 }],
          },
        ],
      }),
      containers: [
        {
          name: 'spark-kubernetes-driver',
          image: driverImage,
          args: [
            'driver',
            '--properties-file',
            '/opt/spark/conf/spark.properties',
            '--class',
            'org.example.Main',
            'a.jar',
          ],
          ports: [{ name: 'spark-ui', containerPort: 4040 }],
          ...(sidecar && {
            env: [
              {
                name: 'SPARK_NANNY_APPLICATION_ID_SUFFIX',
                valueFrom: {
                  fieldRef: { fieldPath: "metadata.annotations['spark-nanny.io/next-application-id-suffix']" },
                },
              },
            ],
          }),
        },
      ],
    },
  }
}

export const executorPod = (
  name: string,
  run: string,
  applicationId: string,
  driver: { name: string; uid: string },
  createdMs: number,
) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name,
    labels: { [runLabel]: `${run}-executor`, 'spark-app-selector': applicationId },
    annotations: { [createdAnnotation]: iso(createdMs) },
    ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', controller: true, ...driver }],
  },
  spec: {
    schedulerName: 'nobody',
    restartPolicy: 'Never',
    automountServiceAccountToken: false,
    containers: [{ name: 'spark-kubernetes-executor', image: driverImage }],
  },
})

export interface StatusPlan {
  readonly phase: 'Pending' | 'Running' | 'Succeeded' | 'Failed'
  readonly podIp: string
  readonly ready: boolean
  /** Container states in the API's form; null if there is no sidecar. */
  readonly driver: object
  readonly sidecar: object | null
  readonly restarts?: number
  /** How the driver's container ended before it was restarted alone. The sidecar then has not been restarted. */
  readonly driverEndedBefore?: object
  readonly scheduledMs: number
  readonly nowMs: number
}

export const running = (ms: number) => ({ running: { startedAt: iso(ms) } })
export const waiting = (reason: string, message = '') => ({ waiting: { reason, message } })
export const ended = (exitCode: number, startedMs: number, finishedMs: number, message = '') => ({
  terminated: {
    exitCode,
    reason: exitCode === 0 ? 'Completed' : 'Error',
    startedAt: iso(startedMs),
    finishedAt: iso(finishedMs),
    ...(message !== '' && { message }),
  },
})

/** The plan of a driver that has run since `startedMs` and is Ready. By default its sidecar has run for as long. */
export const runningStatus = (startedMs: number, sidecar: object | null = running(startedMs)) =>
  ({ phase: 'Running', ready: true, driver: running(startedMs), sidecar, scheduledMs: startedMs }) as const

/** The status that a kubelet would write. */
export function podStatus(plan: StatusPlan): object {
  const { phase, podIp, ready, driver, sidecar, restarts = 0, driverEndedBefore, scheduledMs, nowMs } = plan
  const condition = (type: string, status: boolean, ms: number) => ({
    type,
    status: status ? 'True' : 'False',
    lastTransitionTime: iso(ms),
  })
  const container = (name: string, image: string, state: object, restartCount = restarts) => ({
    name,
    image,
    imageID: '',
    ready: 'running' in state,
    restartCount,
    state,
  })
  return {
    phase,
    podIP: podIp,
    podIPs: [{ ip: podIp }],
    conditions: [
      condition('PodScheduled', true, scheduledMs),
      condition('PodReadyToStartContainers', true, scheduledMs + 1_000),
      condition('Ready', ready, nowMs),
    ],
    initContainerStatuses:
      sidecar === null
        ? []
        : [container('spark-nanny', ownSidecarImage, sidecar, driverEndedBefore === undefined ? restarts : 0)],
    containerStatuses: [
      {
        ...container('spark-kubernetes-driver', driverImage, driver),
        ...(driverEndedBefore !== undefined && { lastState: driverEndedBefore }),
      },
    ],
  }
}
