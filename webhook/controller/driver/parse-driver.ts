import { isCountedByJob, isWindows } from '../../../admission/decide.ts'
import { findCollision } from '../../../core/contract/collisions.ts'
import {
  applicationIdSuffixEnv,
  domain,
  injectedAnnotation,
  sidecarContainerName,
  sidecarEnv,
} from '../../../core/contract/pod-contract.ts'
import type { SkipReason } from '../../../core/contract/skip-reasons.ts'
import { parseTimeMs, toRecord, toRecords, toStringOrEmpty } from '../../../core/json.ts'
import { parsePod } from '../../../core/kubernetes/parse-objects.ts'
import { type Container, findApplicationId, findDriverContainerIndex, type Pod } from '../../../core/kubernetes/pod.ts'
import { type DriverPolicy, decodePolicy } from '../../../core/settings/driver-policy.ts'
import { findApplicationReference } from '../../../core/spark/application-reference.ts'
import { identifyDriver } from '../../../core/spark/driver-identity.ts'
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
  const owner = findApplicationReference(pod, namespace) ?? null
  const annotations = pickOwnAnnotations(pod.metadata?.annotations)
  const driver = parseContainer(container, toRecords(status.containerStatuses))
  return {
    namespace,
    name,
    uid,
    resourceVersion: toStringOrEmpty(metadata.resourceVersion),
    createdMs: parseTimeMs(metadata.creationTimestamp) ?? 0,
    deletionMs: parseTimeMs(metadata.deletionTimestamp),
    finalizers: Array.isArray(metadata.finalizers) ? metadata.finalizers.map(String).map(truncate) : noNames,
    application: owner?.name ?? pod.metadata?.labels?.['spark-app-name'] ?? name,
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
    obstacle: findObstacle(pod, container),
    observed: findObserved(pod, container),
    numbered: container?.env?.some((item) => item.name === applicationIdSuffixEnv) === true,
  }
}

function findObstacle(pod: Pod, container: Container | undefined): SkipReason | null {
  if (isWindows(pod)) return 'windows-pod'
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
  const isObserved = policy === undefined ? observedBecause !== null : policy.onHung.kind === 'observe'
  return isObserved ? 'hangs-only-reported' : null
}

function findSidecarPolicy({ spec }: Pod): DriverPolicy | undefined {
  const variables = spec.initContainers?.find(({ name }) => name === sidecarContainerName)?.env
  const decoded = decodePolicy(variables?.find(({ name }) => name === sidecarEnv.policy)?.value)
  return 'policy' in decoded ? decoded.policy : undefined
}

function pickOwnAnnotations(annotations: Readonly<Record<string, string>> | undefined | null) {
  const entries = Object.entries(annotations ?? {}).filter(([name]) => name.startsWith(`${domain}/`))
  return entries.length === 0 ? none : Object.fromEntries(entries)
}

const none: Readonly<Record<string, string>> = {}
const noNames: readonly string[] = []
const pick = (value: unknown) => (typeof value === 'string' && value !== '' ? value : null)
