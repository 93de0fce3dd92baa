import { setTimeout as sleep } from 'node:timers/promises'
import { ApiException, type CoreV1Event, type V1ContainerStatus, type V1Pod, Watch } from '@kubernetes/client-node'
import type { Cluster } from './cluster.ts'

/** The namespace and name of a pod. */
export interface PodRef {
  readonly namespace: string
  readonly pod: string
}

export const driverContainer = 'spark-kubernetes-driver'

/** The pod, or undefined if it does not exist. */
export const getPod = async (cluster: Cluster, { namespace, pod }: PodRef): Promise<V1Pod | undefined> => {
  try {
    return await cluster.core.readNamespacedPod({ namespace, name: pod })
  } catch (error) {
    if (error instanceof ApiException && error.code === 404) return undefined
    throw error
  }
}

/** The pod's executors, the oldest first. */
export const executorsOf = async (cluster: Cluster, namespace: string, applicationId: string): Promise<V1Pod[]> => {
  const labelSelector = `spark-role=executor,spark-app-selector=${applicationId}`
  const { items } = await cluster.core.listNamespacedPod({ namespace, labelSelector })
  const created = (pod: V1Pod): number => pod.metadata?.creationTimestamp?.getTime() ?? 0
  return items.sort((a, b) => created(a) - created(b))
}

/** The status of a container or native sidecar. Default: the driver's container. */
export const containerStatus = (pod: V1Pod | undefined, name = driverContainer): V1ContainerStatus | undefined =>
  [...(pod?.status?.containerStatuses ?? []), ...(pod?.status?.initContainerStatuses ?? [])].find(
    (status) => status.name === name,
  )

export const isReady = (pod: V1Pod | undefined): boolean =>
  pod?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false

const describeState = ({ running, terminated, waiting }: NonNullable<V1ContainerStatus['state']> = {}): string => {
  if (running) return 'running'
  if (terminated)
    return `terminated ${terminated.exitCode} ${terminated.reason ?? ''} ${terminated.message ?? ''}`.trim()
  return `waiting ${waiting?.reason ?? ''} ${waiting?.message ?? ''}`.trim()
}

const describeContainer = ({ name, state, ready, restartCount }: V1ContainerStatus): string => {
  const restarts = restartCount > 0 ? `,restarts ${restartCount}` : ''
  return `${name}=${describeState(state)}${ready ? ',ready' : ''}${restarts}`
}

/** One line on a pod's state: phase, readiness, each container. */
export const describePod = (pod: V1Pod | undefined): string => {
  if (!pod) return 'no such pod'
  const { phase, reason, message, initContainerStatuses = [], containerStatuses = [] } = pod.status ?? {}
  const containers = [...initContainerStatuses, ...containerStatuses].map(describeContainer)
  const words = [phase, reason, message, isReady(pod) ? 'Ready' : 'not Ready']
  if (pod.metadata?.deletionTimestamp) words.push('being deleted')
  return [...words.filter((word) => word), ...containers].join('; ')
}

/** The pod's events, the oldest first. */
export const eventsOf = async (cluster: Cluster, { namespace, pod }: PodRef): Promise<CoreV1Event[]> => {
  const { items } = await cluster.core.listNamespacedEvent({
    namespace,
    fieldSelector: `involvedObject.name=${pod}`,
  })
  const time = ({ lastTimestamp, metadata }: CoreV1Event): number =>
    (lastTimestamp ?? metadata.creationTimestamp)?.getTime() ?? 0
  return items.sort((a, b) => time(a) - time(b))
}

export interface LogOptions {
  /** Default: the driver's container. */
  readonly container?: string
  /** The log of the container before its last restart. */
  readonly previous?: boolean
  readonly tailLines?: number
}

/** A container's log so far; empty before the container has started. */
export const podLog = async (cluster: Cluster, ref: PodRef, options: LogOptions = {}): Promise<string> => {
  const { container = driverContainer, previous = false, tailLines } = options
  const limit = tailLines === undefined ? {} : { tailLines }
  try {
    const request = { namespace: ref.namespace, name: ref.pod, container, previous, ...limit }
    return (await cluster.core.readNamespacedPodLog(request)) ?? ''
  } catch (error) {
    if (error instanceof ApiException && (error.code === 400 || error.code === 404)) return ''
    // The client rejects the empty response for a pod without a node.
    if (error instanceof Error && error.message.includes('No Content-Type')) return ''
    throw error
  }
}

/** The state, events and log of a pod, for the message of a failed wait. */
const evidence = async (cluster: Cluster, ref: PodRef): Promise<string> => {
  const pod = await getPod(cluster, ref)
  const events = (await eventsOf(cluster, ref)).slice(-6).map((event) => `  ${event.reason}: ${event.message}`)
  const log = (await podLog(cluster, ref, { tailLines: 12 })).trimEnd().replaceAll('\n', '\n  ')
  return [`  state: ${describePod(pod)}`, '  events:', ...events, '  driver log:', `  ${log}`].join('\n')
}

export interface Wait {
  /** The expected state, for the message of a failed wait. */
  readonly what: string
  readonly timeoutMs: number
  readonly everyMs?: number
}

const waitOn = async <T>(
  cluster: Cluster,
  ref: PodRef,
  { what, timeoutMs, everyMs = 250 }: Wait,
  probe: () => Promise<T | undefined>,
): Promise<T> => {
  const end = performance.now() + timeoutMs
  while (performance.now() < end) {
    const found = await probe()
    if (found !== undefined) return found
    await sleep(everyMs)
  }
  const why = await evidence(cluster, ref).catch((error) => `  (no evidence: ${error})`)
  throw new Error(`${ref.namespace}/${ref.pod}: ${what}: not within ${timeoutMs / 1000} s\n${why}`)
}

/** Waits until the predicate holds and resolves with the pod. The predicate gets undefined while the pod does not exist. */
export const waitForPod = async (
  cluster: Cluster,
  ref: PodRef,
  wait: Wait,
  predicate: (pod: V1Pod | undefined) => boolean,
): Promise<V1Pod | undefined> => {
  const found = await waitOn(cluster, ref, wait, async () => {
    const pod = await getPod(cluster, ref)
    return predicate(pod) ? { pod } : undefined
  })
  return found.pod
}

/** Waits for the end of the pod and resolves with its phase, Succeeded or Failed. */
export const waitForEnd = async (cluster: Cluster, ref: PodRef, timeoutMs: number): Promise<string> => {
  const ended = (pod: V1Pod | undefined): boolean => /Succeeded|Failed/.test(pod?.status?.phase ?? '')
  const pod = await waitForPod(cluster, ref, { what: 'ends', timeoutMs, everyMs: 500 }, ended)
  return pod?.status?.phase ?? ''
}

/** Waits for the pod to succeed; rejects with its state, events and log as soon as it has failed. */
export const waitForSuccess = async (cluster: Cluster, ref: PodRef, timeoutMs: number): Promise<void> => {
  if ((await waitForEnd(cluster, ref, timeoutMs)) === 'Succeeded') return
  throw new Error(`${ref.namespace}/${ref.pod} failed\n${await evidence(cluster, ref)}`)
}

/** Waits for a line in the log of a container's current run and resolves with the match. */
export const waitForLog = (
  cluster: Cluster,
  ref: PodRef,
  pattern: RegExp,
  wait: { readonly timeoutMs: number } & LogOptions,
): Promise<RegExpExecArray> =>
  waitOn(cluster, ref, { what: `log matches ${pattern}`, timeoutMs: wait.timeoutMs, everyMs: 500 }, async () => {
    const pod = await getPod(cluster, ref)
    const found = pattern.exec(await podLog(cluster, ref, wait))
    if (found === null && /Succeeded|Failed/.test(pod?.status?.phase ?? '')) {
      throw new Error(`${ref.pod} ended without ${pattern} in its log\n${await evidence(cluster, ref)}`)
    }
    return found ?? undefined
  })

/** Runs a command in a container, by default the driver's, and resolves with its standard output. */
export const execInPod = (
  cluster: Cluster,
  { namespace, pod }: PodRef,
  command: readonly string[],
  container = driverContainer,
): Promise<string> => cluster.kubectl(['-n', namespace, 'exec', pod, '-c', container, '--', ...command])

/** Freezes the driver's JVM. The container and its shell keep running. */
export const freezeDriver = (cluster: Cluster, ref: PodRef): Promise<string> =>
  execInPod(cluster, ref, ['bash', '-c', 'kill -STOP $(pgrep -x java)'])

/** Resumes a frozen JVM. */
export const thawDriver = (cluster: Cluster, ref: PodRef): Promise<string> =>
  execInPod(cluster, ref, ['bash', '-c', 'kill -CONT $(pgrep -x java)'])

export interface TimelineEntry {
  /** When the change was observed, as a value of Date.now. */
  readonly at: number
  /** `describePod` of the change. */
  readonly text: string
  readonly pod: V1Pod
}

export interface Timeline {
  /** Every change of the pod's state seen so far. */
  readonly entries: readonly TimelineEntry[]
  /** The entries as lines, with seconds since the first. */
  readonly text: () => string
  readonly stop: () => void
}

/** Records each change of a pod's state by a watch, until it is stopped. */
export const followPod = async (cluster: Cluster, { namespace, pod }: PodRef): Promise<Timeline> => {
  const entries: TimelineEntry[] = []
  const record = (phase: string, object: V1Pod): void => {
    if (!['ADDED', 'MODIFIED', 'DELETED'].includes(phase)) return
    const text = phase === 'DELETED' ? 'deleted' : describePod(object)
    if (entries.at(-1)?.text !== text) entries.push({ at: Date.now(), text, pod: object })
  }
  let stopped = false
  let abort = (): void => {}
  const begin = async (): Promise<void> => {
    const query = { fieldSelector: `metadata.name=${pod}` }
    const again = () => {
      if (!stopped) setTimeout(() => void begin().catch(() => {}), 200).unref()
    }
    const watch = await new Watch(cluster.kubeConfig).watch(
      `/api/v1/namespaces/${namespace}/pods`,
      query,
      record,
      again,
    )
    abort = () => watch.abort()
    if (stopped) abort()
  }
  await begin()
  return {
    entries,
    text: () =>
      entries
        .map(({ at, text }) => `${((at - (entries[0]?.at ?? at)) / 1000).toFixed(1).padStart(6)} s  ${text}`)
        .join('\n'),
    stop: () => {
      stopped = true
      abort()
    },
  }
}
