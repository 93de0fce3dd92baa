import { recordOf } from '../../../../core/json.ts'
import { driverImage, ownSidecarImage } from '../lives/driver-pod.ts'
import { type Evidence, wasDeleted } from '../lives/outcome.ts'
import type { PassedWrite } from '../proxy/proxy.ts'
import type { PodRecord } from './records.ts'

/** What must never be, whatever went wrong around the controllers; in words, none when all is well. */
export function violations(evidence: Evidence): readonly string[] {
  const { world, writes } = evidence
  const podWrites = writes.flatMap((write) => {
    const uid = podUidOf(write)
    return uid === undefined ? [] : [{ ...write, uid }]
  })
  const byUid = Map.groupBy(podWrites, ({ uid }) => uid)
  return [
    ...world.errors.map((error) => `the test itself: ${error}`),
    ...world.pods.flatMap((record) => ofPod(evidence, record, byUid.get(record.uid) ?? [])),
    ...ofExecutors(evidence, byUid),
    ...podWrites.flatMap(ofPodWrite),
    ...writes.flatMap(ofLeadership),
    ...ofRails(evidence),
  ]
}

type PodWrite = PassedWrite & { readonly uid: string }

function podUidOf({ method, path, body }: PassedWrite): string | undefined {
  if (!/\/namespaces\/[^/]+\/pods\//.test(path)) return undefined
  const { preconditions, metadata } = recordOf(body)
  return String(recordOf(method === 'DELETE' ? preconditions : metadata).uid)
}

const carriedOut = ({ answers }: PassedWrite) => answers.filter(({ status }) => status < 300).length
const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)
const isRescue = ({ method, body }: PassedWrite) => method === 'PATCH' && 'spec' in recordOf(body)

function ofPod(evidence: Evidence, record: PodRecord, writes: readonly PodWrite[]): readonly string[] {
  const { uid, name, life, expected, excuse, deletedByUs } = record
  if (excuse !== null) return []
  const problems: string[] = []
  const say = (problem: string) => problems.push(`${name} (${life}, ${uid}): ${problem}`)
  const deletes = writes.filter(({ method }) => method === 'DELETE')
  const rescues = writes.filter(isRescue)
  const mayBeDeleted = expected === 'deleted' || expected === 'deleted-or-told'
  // Who sees the past for a while may ask for it: the API server refuses, since the pod is not that any more.
  if (!mayBeDeleted && deletes.some(carriedOut)) say(`was to be ${expected}, and its deletion was carried out`)
  if (!mayBeDeleted && !deletedByUs && wasDeleted(evidence, uid)) say(`was to be ${expected}, and was deleted`)
  if (sum(deletes.map(carriedOut)) > 1) say('was deleted twice')
  if (expected !== 'rescued' && rescues.some(carriedOut)) say(`was to be ${expected}, and its sidecar was replaced`)
  if (sum(rescues.map(carriedOut)) > 1) say('was rescued twice')
  if (expected === 'ignored' && (writes.length > 0 || evidence.events.has(uid))) say('was to be ignored')
  const changes = evidence.audit.changes(uid)
  const kept = changes.map(({ pod: { spec, metadata } }) => {
    const initContainers = spec.initContainers?.map((container) => ({ ...container, image: '' }))
    return JSON.stringify([{ ...spec, initContainers }, metadata.labels])
  })
  if (new Set(kept).size > 1) say('something of its spec or labels was changed')
  const images = new Set(changes.map(({ pod }) => pod.spec.initContainers?.[0]?.image))
  images.delete(ownSidecarImage)
  images.delete(undefined)
  if (expected === 'rescued') images.delete(driverImage)
  if (images.size > 0) say(`its sidecar became ${[...images].join(', ')}`)
  return problems
}

function ofExecutors({ world }: Evidence, writes: ReadonlyMap<string, readonly PodWrite[]>): readonly string[] {
  return world.executors.flatMap(({ uid, name, old }) => {
    const own = writes.get(uid) ?? []
    return [
      ...(old || own.length === 0 ? [] : [`${name}: an executor of the driver that runs was to be deleted`]),
      ...(sum(own.map(carriedOut)) > 1 ? [`${name}: was deleted twice`] : []),
    ]
  })
}

function ofPodWrite({ method, path, body }: PodWrite): readonly string[] {
  if (method !== 'DELETE') return []
  const { preconditions, ...options } = recordOf(body)
  const { uid, resourceVersion } = recordOf(preconditions)
  const problems = [
    ...(typeof uid === 'string' ? [] : ['without its uid']),
    ...(typeof resourceVersion === 'string' ? [] : ['without its resourceVersion']),
    ...('gracePeriodSeconds' in options ? ['with a grace of ours'] : []),
    ...('propagationPolicy' in options ? ['with a propagation of ours'] : []),
  ]
  return problems.map((problem) => `${path}: deleted ${problem}`)
}

/** Nobody writes about drivers who does not lead, by what the API server had told by then. */
function ofLeadership({ replica, leader, method, path }: PassedWrite): readonly string[] {
  if (path.includes('/leases') || replica === leader) return []
  return [`${method} ${path}: from ${replica}, while ${leader || 'nobody'} led`]
}

function ofRails(evidence: Evidence): readonly string[] {
  const { world, rails } = evidence
  const deleted = world.pods.filter(
    ({ uid, deletedByUs, expected }) =>
      !deletedByUs && (expected === 'deleted' || expected === 'deleted-or-told') && wasDeleted(evidence, uid),
  )
  const over = (scope: string, keyOf: (record: PodRecord) => string, limit: number) =>
    [...Map.groupBy(deleted, keyOf)]
      .filter(([, records]) => records.length > limit)
      .map(([key, records]) => `${scope} ${key}: ${records.length} of its drivers were deleted, ${limit} may be`)
  return [
    ...over('application', ({ namespace, name }) => `${namespace}/${name}`, rails.perApplication),
    ...over('namespace', ({ namespace }) => namespace, rails.perNamespace),
    ...over('cluster', () => '', rails.perCluster),
  ]
}
