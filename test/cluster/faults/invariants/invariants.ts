import { toRecord } from '../../../../core/json.ts'
import type { PassedWrite } from '../proxy/proxy.ts'
import { driverImage, ownSidecarImage } from '../scenarios/driver-pod.ts'
import { type RunEvidence, wasDeleted } from './outcome.ts'
import type { PodRecord } from './records.ts'

/** Descriptions of violated invariants; empty if all hold. They must hold under every fault. */
export function findViolations(evidence: RunEvidence): readonly string[] {
  const { simulation, writes } = evidence
  const podWrites = writes.flatMap((write) => {
    const uid = parsePodUid(write)
    return uid === undefined ? [] : [{ ...write, uid }]
  })
  const byUid = Map.groupBy(podWrites, ({ uid }) => uid)
  return [
    ...simulation.errors.map((error) => `the test itself: ${error}`),
    ...simulation.pods.flatMap((record) => findPodViolations(evidence, record, byUid.get(record.uid) ?? [])),
    ...findExecutorViolations(evidence, byUid),
    ...podWrites.flatMap(findPreconditionViolations),
    ...writes.flatMap(findLeadershipViolations),
    ...findBudgetViolations(evidence),
  ]
}

type PodWrite = PassedWrite & { readonly uid: string }

function parsePodUid({ method, path, body }: PassedWrite): string | undefined {
  if (!/\/namespaces\/[^/]+\/pods\//.test(path)) return undefined
  const { preconditions, metadata } = toRecord(body)
  return String(toRecord(method === 'DELETE' ? preconditions : metadata).uid)
}

const countSuccesses = ({ answers }: PassedWrite) => answers.filter(({ status }) => status < 300).length
const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)
const isBypass = ({ method, body }: PassedWrite) => method === 'PATCH' && 'spec' in toRecord(body)

function findPodViolations(evidence: RunEvidence, record: PodRecord, writes: readonly PodWrite[]): readonly string[] {
  const { uid, name, scenario, inconclusive } = record
  if (inconclusive !== null) return []
  return [
    ...findDeletionViolations(evidence, record, writes),
    ...findBypassViolations(record, writes),
    ...findIgnoredViolations(evidence, record, writes),
    ...findSpecViolations(evidence, record),
  ].map((problem) => `${name} (${scenario}, ${uid}): ${problem}`)
}

/** Problems that apply, of those with their condition. */
const applicable = (problems: readonly (readonly [applies: boolean, problem: string])[]): readonly string[] =>
  problems.flatMap(([applies, problem]) => (applies ? [problem] : []))

function findDeletionViolations(
  evidence: RunEvidence,
  { uid, expected, deletedByTest }: PodRecord,
  writes: readonly PodWrite[],
): readonly string[] {
  const successes = writes.filter(({ method }) => method === 'DELETE').map(countSuccesses)
  const mayBeDeleted = expected === 'deleted' || expected === 'deleted-or-reported'
  return applicable([
    // A replica with a stale watch may request it. The API server refuses, because the resourceVersion has changed.
    [!mayBeDeleted && sum(successes) > 0, `should be ${expected}, and its deletion succeeded`],
    [!mayBeDeleted && !deletedByTest && wasDeleted(evidence, uid), `should be ${expected}, and was deleted`],
    [sum(successes) > 1, 'was deleted twice'],
  ])
}

function findBypassViolations({ expected }: PodRecord, writes: readonly PodWrite[]): readonly string[] {
  const successes = sum(writes.filter(isBypass).map(countSuccesses))
  return applicable([
    [expected !== 'sidecar-bypassed' && successes > 0, `should be ${expected}, and its sidecar was replaced`],
    [successes > 1, 'was bypassed twice'],
  ])
}

function findIgnoredViolations(
  { events }: RunEvidence,
  { uid, expected }: PodRecord,
  writes: readonly PodWrite[],
): readonly string[] {
  return applicable([[expected === 'ignored' && (writes.length > 0 || events.has(uid)), 'should be ignored']])
}

function findSpecViolations({ audit }: RunEvidence, { uid, expected }: PodRecord): readonly string[] {
  const changes = audit.changes(uid)
  const kept = changes.map(({ pod: { spec, metadata } }) => {
    const initContainers = spec.initContainers?.map((container) => ({ ...container, image: '' }))
    return JSON.stringify([{ ...spec, initContainers }, metadata.labels])
  })
  const images = new Set(changes.map(({ pod }) => pod.spec.initContainers?.[0]?.image))
  images.delete(ownSidecarImage)
  images.delete(undefined)
  if (expected === 'sidecar-bypassed') images.delete(driverImage)
  return applicable([
    [new Set(kept).size > 1, 'its spec or labels changed'],
    [images.size > 0, `its sidecar became ${[...images].join(', ')}`],
  ])
}

function findExecutorViolations(
  { simulation }: RunEvidence,
  writes: ReadonlyMap<string, readonly PodWrite[]>,
): readonly string[] {
  return simulation.executors.flatMap(({ uid, name, old }) => {
    const own = writes.get(uid) ?? []
    return [
      ...(old || own.length === 0 ? [] : [`${name}: an executor of the running driver was deleted`]),
      ...(sum(own.map(countSuccesses)) > 1 ? [`${name}: was deleted twice`] : []),
    ]
  })
}

function findPreconditionViolations({ method, path, body }: PodWrite): readonly string[] {
  if (method !== 'DELETE') return []
  const { preconditions, ...options } = toRecord(body)
  const { uid, resourceVersion } = toRecord(preconditions)
  const problems = [
    ...(typeof uid === 'string' ? [] : ['without its uid']),
    ...(typeof resourceVersion === 'string' ? [] : ['without its resourceVersion']),
    ...('gracePeriodSeconds' in options ? ['with a grace period'] : []),
    ...('propagationPolicy' in options ? ['with a propagation policy'] : []),
  ]
  return problems.map((problem) => `${path}: deleted ${problem}`)
}

/** Only the leader writes, as far as the API server had confirmed by then. */
function findLeadershipViolations({ replica, leader, method, path }: PassedWrite): readonly string[] {
  if (path.includes('/leases') || replica === leader) return []
  return [`${method} ${path}: from ${replica}, while ${leader || 'no replica'} led`]
}

function findBudgetViolations(evidence: RunEvidence): readonly string[] {
  const { simulation, safeguards } = evidence
  const deleted = simulation.pods.filter(
    ({ uid, deletedByTest, expected }) =>
      !deletedByTest && (expected === 'deleted' || expected === 'deleted-or-reported') && wasDeleted(evidence, uid),
  )
  const over = (scope: string, keyOf: (record: PodRecord) => string, limit: number) =>
    [...Map.groupBy(deleted, keyOf)]
      .filter(([, records]) => records.length > limit)
      .map(
        ([key, records]) => `${scope} ${key}: ${records.length} of its drivers were deleted, at most ${limit} allowed`,
      )
  return [
    ...over('application', ({ namespace, name }) => `${namespace}/${name}`, safeguards.perApplication),
    ...over('namespace', ({ namespace }) => namespace, safeguards.perNamespace),
    ...over('cluster', () => '', safeguards.perCluster),
  ]
}
