import { signInjection } from '../../webhook/injection/proof.ts'
import type { FakeObject } from './fake-api-server.ts'

/** When the pods below were created. Tests set their own clocks relative to it. */
export const createdMs = Date.parse('2026-11-24T10:00:00Z')
export const iso = (ms: number) => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')

export const sidecarImage = 'registry.invalid/sidecar:1'
export const driverImage = 'spark:4'

/** The key of the installation that injected the sidecars with a proof. */
export const injectionKey = Buffer.alloc(32, 'test')

export interface DriverPodOptions {
  readonly name?: string
  readonly namespace?: string
  readonly uid?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  /** A SparkApplication, by default of kubeflow's operator. */
  readonly owner?: { readonly name: string; readonly uid: string; readonly apiVersion?: string }
  readonly phase?: string
  readonly ready?: boolean
  /** The state of the driver's container, in the API's form. */
  readonly state?: object
  readonly restarts?: number
  readonly lastState?: object
  /** Null if the pod has no sidecar. */
  readonly sidecar?: {
    readonly image?: string
    readonly state?: object
    readonly restarts?: number
    readonly lastState?: object
    readonly port?: number
    /** The text of its policy. */
    readonly policy?: string
    /** Whether the sidecar has the proof of {@link injectionKey} that it was injected, with the default image. */
    readonly isProven?: boolean
    /** The text of another proof. */
    readonly proof?: string
  } | null
  readonly deletionTimestamp?: string
  readonly status?: object
  readonly podIp?: string
  readonly uiPort?: number
  readonly hostNetwork?: boolean
  readonly args?: readonly string[]
  readonly env?: readonly object[]
  readonly envFrom?: readonly object[]
  /** Beside the driver's. */
  readonly otherContainers?: readonly object[]
}

export const running = (startedMs = createdMs + 5_000) => ({ running: { startedAt: iso(startedMs) } })
export const waiting = (reason: string, message = '') => ({ waiting: { reason, message } })
export const terminated = (exitCode: number, finishedMs: number, fields: object = {}) => ({
  terminated: { exitCode, finishedAt: iso(finishedMs), startedAt: iso(createdMs), reason: 'Error', ...fields },
})

/** A driver pod in the API's form. By default it is running, Ready, and has a sidecar. */
export function driverPod(options: DriverPodOptions = {}): FakeObject {
  const { sidecar = {} } = options
  return { metadata: metadataOf(options), spec: specOf(options, sidecar), status: statusOf(options, sidecar) }
}

type Sidecar = Exclude<DriverPodOptions['sidecar'], undefined>

function metadataOf(options: DriverPodOptions): FakeObject['metadata'] {
  const { name = 'pi-driver', namespace = 'spark', owner, deletionTimestamp } = options
  const controller = { apiVersion: 'sparkoperator.k8s.io/v1beta2', kind: 'SparkApplication', controller: true }
  return {
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
    annotations: { ...(options.sidecar !== null && { 'spark-nanny.io/injected': '1.2.3' }), ...options.annotations },
    ...(owner && { ownerReferences: [{ ...controller, ...owner }] }),
    ...(deletionTimestamp !== undefined && { deletionTimestamp }),
  }
}

function specOf(options: DriverPodOptions, sidecar: Sidecar): object {
  const { uiPort = 4040, args = ['driver'], env, envFrom } = options
  return {
    nodeName: 'node-1',
    restartPolicy: 'Never',
    ...(options.hostNetwork === true && { hostNetwork: true }),
    ...(sidecar !== null && { initContainers: [sidecarContainer(sidecar, findProof(options, sidecar))] }),
    containers: [
      {
        name: 'spark-kubernetes-driver',
        image: driverImage,
        args,
        ...(env !== undefined && { env }),
        ...(envFrom !== undefined && { envFrom }),
        ports: [{ name: 'spark-ui', containerPort: uiPort }],
      },
      ...(options.otherContainers ?? []),
    ],
  }
}

const defaultPolicy = '{}'

/** The proof of an injection into this pod. */
export function signSidecar(name: string, namespace: string, policy: string = defaultPolicy): string {
  const pod = { namespace, name, generateName: '' }
  return signInjection(injectionKey, pod, { admissionUid: `admission-${name}`, image: sidecarImage, policy })
}

function findProof(options: DriverPodOptions, sidecar: NonNullable<Sidecar>): string | undefined {
  const { name = 'pi-driver', namespace = 'spark' } = options
  return sidecar.isProven === true ? signSidecar(name, namespace, sidecar.policy) : sidecar.proof
}

const sidecarContainer = (
  { image = sidecarImage, port, policy = defaultPolicy }: NonNullable<Sidecar>,
  proof: string | undefined,
) => ({
  name: 'spark-nanny',
  image,
  restartPolicy: 'Always',
  env: [
    { name: 'SPARK_NANNY_POLICY', value: policy },
    ...(proof === undefined ? [] : [{ name: 'SPARK_NANNY_INJECTION_PROOF', value: proof }]),
  ],
  ...(port !== undefined && { ports: [{ name: 'nanny-status', containerPort: port }] }),
})

function statusOf(options: DriverPodOptions, sidecar: Sidecar): object {
  const { phase = 'Running', podIp = '10.0.0.1', ready = true, restarts = 0, state = running() } = options
  return {
    phase,
    podIP: podIp,
    conditions: [
      { type: 'PodScheduled', status: 'True', lastTransitionTime: iso(createdMs + 1_000) },
      { type: 'PodReadyToStartContainers', status: 'True', lastTransitionTime: iso(createdMs + 2_000) },
      { type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: iso(createdMs + 20_000) },
    ],
    ...(sidecar !== null && { initContainerStatuses: [sidecarStatus(sidecar)] }),
    containerStatuses: [
      { name: 'spark-kubernetes-driver', restartCount: restarts, state, lastState: options.lastState ?? {} },
    ],
    ...options.status,
  }
}

const sidecarStatus = ({ restarts = 0, lastState = {}, state = running(createdMs + 3_000) }: NonNullable<Sidecar>) => ({
  name: 'spark-nanny',
  restartCount: restarts,
  lastState,
  state,
})

/** A driver whose startup is blocked by a sidecar in this state. */
export const startupBlockedPod = (sidecarState: object, options: DriverPodOptions = {}) =>
  driverPod({
    phase: 'Pending',
    ready: false,
    state: waiting('PodInitializing'),
    ...options,
    sidecar: { state: sidecarState, ...options.sidecar },
  })
