import { isCountedByJob, isWindows } from '../../../admission/decide.ts'
import { pickOwnAnnotations } from '../../../cluster/own-annotations.ts'
import { boundText } from '../../../core/bounded-text.ts'
import { findCollision } from '../../../core/contract/collisions.ts'
import {
  applicationIdSuffixEnv,
  injectedAnnotation,
  sidecarContainerName,
  sidecarEnv,
} from '../../../core/contract/pod-contract.ts'
import type { SkipReason } from '../../../core/contract/skip-reasons.ts'
import { parseTimeMs, toRecord, toRecords, toStringOrEmpty } from '../../../core/json.ts'
import { parsePod } from '../../../core/kubernetes/parse-objects.ts'
import { type Container, findApplicationId, findDriverContainerIndex, type Pod } from '../../../core/kubernetes/pod.ts'
import { type DriverPolicy, decodePolicy } from '../../../core/settings/driver-policy.ts'
import { type ApplicationReference, findApplicationReference } from '../../../core/spark/application-reference.ts'
import { identifyDriver, mayHideDebugAgent } from '../../../core/spark/driver-identity.ts'
import type { Driver, PodPhase } from './driver.ts'
import { parseContainer, truncate } from './parse-container.ts'
import { parseSidecar } from './parse-sidecar.ts'

const phases: readonly PodPhase[] = ['Pending', 'Running', 'Succeeded', 'Failed']

/** Spark's default UI port (`spark.ui.port`). */
const sparkUiPort = 4040

/** Parses a pod of the API. Returns undefined if it is not a driver pod that can be identified. Pure. */
export function parseDriver(object: unknown): Driver | undefined {
  const pod = parsePod(object)
  const root = toRecord(object)
  const metadata = toRecord(root.metadata)
  const { namespace, name, uid } = metadata
  if (pod === undefined || typeof namespace !== 'string' || typeof name !== 'string' || typeof uid !== 'string') {
    return undefined
  }
  const status = toRecord(root.status)
  const conditions = toRecords(status.conditions)
  const condition = (type: string) => conditions.find((item) => item.type === type)
  const [ready, scheduled] = [condition('Ready'), condition('PodScheduled')]
  const [network, disrupted] = [condition('PodReadyToStartContainers'), condition('DisruptionTarget')]
  const index = findDriverContainerIndex(pod.spec)
  const container = index === undefined ? undefined : pod.spec.containers[index]
  const owner = boundOwner(findApplicationReference(pod, namespace))
  const annotations = pickOwnAnnotations(pod.metadata?.annotations)
  const driver = parseContainer(container, toRecords(status.containerStatuses))
  return {
    namespace,
    name,
    uid,
    resourceVersion: toStringOrEmpty(metadata.resourceVersion),
    createdMs: parseTimeMs(metadata.creationTimestamp) ?? 0,
    deletionMs: parseTimeMs(metadata.deletionTimestamp),
    finalizers: parseFinalizers(metadata.finalizers),
    application: owner?.name ?? boundText(pod.metadata?.labels?.['spark-app-name'] ?? name, maxNameLength),
    applicationId: findApplicationId(pod) ?? null,
    owner,
    annotations,
    node: pick(toRecord(root.spec).nodeName),
    podIp: pick(status.podIP),
    phase: phases.find((phase) => phase === status.phase) ?? 'Unknown',
    reason: pick(status.reason) ?? (disrupted?.status === 'True' ? pick(disrupted.reason) : null),
    scheduledMs: scheduled?.status === 'True' ? parseTimeMs(scheduled.lastTransitionTime) : null,
    unscheduled: scheduled?.status === 'False' ? truncate(toStringOrEmpty(scheduled.message)) : null,
    gated: toRecords(toRecord(root.spec).schedulingGates).length > 0,
    networkDown: network?.status === 'False',
    ready: ready?.status === 'True',
    readySinceMs: parseTimeMs(ready?.lastTransitionTime),
    driver,
    uiPort: container?.ports?.find((port) => port.name === 'spark-ui')?.containerPort ?? sparkUiPort,
    sidecar: parseSidecar(pod, status, annotations[injectedAnnotation] ?? null, driver.image),
    obstacle: findObstacle(pod, container, owner),
    observed: findObserved(pod, container),
    behindProxy: hasMeshProxy(pod),
    hostNetwork: pod.spec.hostNetwork === true,
    numbered: container?.env?.some((item) => item.name === applicationIdSuffixEnv) === true,
  }
}

function findObstacle(
  pod: Pod,
  container: Container | undefined,
  owner: ApplicationReference | null,
): SkipReason | null {
  if (isWindows(pod)) return 'windows-pod'
  if (owner?.operator === 'apache') return 'owned-by-apache-operator'
  if (isCountedByJob(pod)) return 'job-counts-restarts'
  if (container === undefined) return 'driver-container-not-found'
  const injected = pod.spec.initContainers?.some(({ name }) => name === sidecarContainerName) === true
  return !injected && findCollision(pod, container) !== undefined ? 'name-conflict' : null
}

/** The sidecar's policy counts, because the webhook also knew the conf of the SparkApplication. */
function findObserved(pod: Pod, container: Container | undefined): Driver['observed'] {
  if (container === undefined) return 'unproven'
  // Resolved later: a person may vouch for the pod in the chart or in the SparkApplication.
  const context = { sparkConf: {}, assumed: false, uiPortIsSet: false }
  const { kind, observedBecause } = identifyDriver(pod, container, context)
  if (kind === 'unproven') return 'unproven'
  const policy = findSidecarPolicy(pod)
  const isObserved =
    policy === undefined ? observedBecause !== null || mayHideDebugAgent(container) : policy.onHung.kind === 'observe'
  return isObserved ? 'hangs-only-reported' : null
}

/**
 * The proxies of service meshes (Istio, Linkerd, Consul, Kuma, App Mesh), which accept the connections to the pod. The poller
 * detects any proxy that takes all ports. By their names, those are detected that take the UI's port and leave others.
 */
const meshProxies: readonly string[] = ['istio-proxy', 'linkerd-proxy', 'consul-dataplane', 'kuma-sidecar', 'envoy']

const hasMeshProxy = ({ spec }: Pod) =>
  [...spec.containers, ...(spec.initContainers ?? [])].some(({ name }) => meshProxies.includes(name))

function findSidecarPolicy({ spec }: Pod): DriverPolicy | undefined {
  const variables = spec.initContainers?.find(({ name }) => name === sidecarContainerName)?.env
  const decoded = decodePolicy(variables?.find(({ name }) => name === sidecarEnv.policy)?.value)
  return 'policy' in decoded ? decoded.policy : undefined
}

/** Names and uids of owners are not validated by the API server. A longer name is not that of any object. */
function boundOwner(owner: ApplicationReference | undefined): ApplicationReference | null {
  if (owner === undefined) return null
  const { name, uid } = owner
  return { ...owner, name: boundText(name, maxNameLength), uid: uid === null ? null : boundText(uid, maxNameLength) }
}

/** The maximum length of a name in Kubernetes (DNS subdomain, RFC 1123). */
const maxNameLength = 253
const maxFinalizers = 10

const parseFinalizers = (value: unknown): readonly string[] =>
  Array.isArray(value) && value.length > 0
    ? value.slice(0, maxFinalizers).map((item) => truncate(toStringOrEmpty(item)))
    : noNames

const noNames: readonly string[] = []
const pick = (value: unknown) => (typeof value === 'string' && value !== '' ? truncate(value) : null)
