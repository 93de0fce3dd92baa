import type { FakeObject } from './fake-api-server.ts'

/** Times of the pods below; tests look at them from a clock of their own. */
export const createdMs = Date.parse('2026-11-24T10:00:00Z')
export const iso = (ms: number) => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')

export const sidecarImage = 'registry.invalid/sidecar:1'
export const driverImage = 'spark:4'

export interface DriverPodOptions {
  readonly name?: string
  readonly namespace?: string
  readonly uid?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly owner?: { readonly name: string; readonly uid: string }
  readonly phase?: string
  readonly ready?: boolean
  /** The state of the driver's container, as the API has it. */
  readonly state?: object
  readonly restarts?: number
  readonly lastState?: object
  /** Null: no sidecar. */
  readonly sidecar?: {
    readonly image?: string
    readonly state?: object
    readonly restarts?: number
    readonly lastState?: object
    readonly port?: number
  } | null
  readonly deletionTimestamp?: string
  readonly status?: object
  readonly podIp?: string
  readonly uiPort?: number
}

export const running = (startedMs = createdMs + 5_000) => ({ running: { startedAt: iso(startedMs) } })
export const waiting = (reason: string, message = '') => ({ waiting: { reason, message } })
export const terminated = (exitCode: number, finishedMs: number, fields: object = {}) => ({
  terminated: { exitCode, finishedAt: iso(finishedMs), startedAt: iso(createdMs), reason: 'Error', ...fields },
})

/** A driver pod as the API has it: running, Ready, with a sidecar, unless said otherwise. */
export function driverPod(options: DriverPodOptions = {}): FakeObject {
  const { name = 'pi-driver', namespace = 'spark', state = running(), sidecar = {}, ready = true } = options
  return {
    metadata: {
      name,
      namespace,
      uid: options.uid ?? `uid-${name}`,
      creationTimestamp: iso(createdMs),
      labels: {
        'spark-role': 'driver',
        'spark-app-selector': `spark-${name}`,
        'spark-app-name': name.replace(/-driver$/, ''),
        ...options.labels,
      },
      annotations: { ...(sidecar !== null && { 'spark-nanny.io/injected': '1.2.3' }), ...options.annotations },
      ...(options.owner && {
        ownerReferences: [
          { apiVersion: 'sparkoperator.k8s.io/v1beta2', kind: 'SparkApplication', controller: true, ...options.owner },
        ],
      }),
      ...(options.deletionTimestamp !== undefined && { deletionTimestamp: options.deletionTimestamp }),
    },
    spec: {
      nodeName: 'node-1',
      restartPolicy: 'Never',
      ...(sidecar !== null && {
        initContainers: [
          {
            name: 'spark-nanny',
            image: sidecar.image ?? sidecarImage,
            restartPolicy: 'Always',
            env: [{ name: 'SPARK_NANNY_POLICY', value: '{}' }],
            ...(sidecar.port !== undefined && { ports: [{ name: 'nanny-status', containerPort: sidecar.port }] }),
          },
        ],
      }),
      containers: [
        {
          name: 'spark-kubernetes-driver',
          image: driverImage,
          args: ['driver'],
          ports: [{ name: 'spark-ui', containerPort: options.uiPort ?? 4040 }],
        },
      ],
    },
    status: {
      phase: options.phase ?? 'Running',
      podIP: options.podIp ?? '10.0.0.1',
      conditions: [
        { type: 'PodScheduled', status: 'True', lastTransitionTime: iso(createdMs + 1_000) },
        { type: 'PodReadyToStartContainers', status: 'True', lastTransitionTime: iso(createdMs + 2_000) },
        { type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: iso(createdMs + 20_000) },
      ],
      ...(sidecar !== null && {
        initContainerStatuses: [
          {
            name: 'spark-nanny',
            restartCount: sidecar.restarts ?? 0,
            lastState: sidecar.lastState ?? {},
            state: sidecar.state ?? running(createdMs + 3_000),
          },
        ],
      }),
      containerStatuses: [
        {
          name: 'spark-kubernetes-driver',
          restartCount: options.restarts ?? 0,
          state,
          lastState: options.lastState ?? {},
        },
      ],
      ...options.status,
    },
  }
}

/** Held back by a sidecar that is in this state. */
export const startupBlockedPod = (sidecarState: object, options: DriverPodOptions = {}) =>
  driverPod({
    phase: 'Pending',
    ready: false,
    state: waiting('PodInitializing'),
    ...options,
    sidecar: { state: sidecarState, ...options.sidecar },
  })
