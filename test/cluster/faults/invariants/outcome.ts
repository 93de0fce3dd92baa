import { bypassedAnnotation, nextApplicationIdSuffixAnnotation } from '../../../../core/contract/pod-contract.ts'
import { toRecord } from '../../../../core/json.ts'
import type { PassedWrite } from '../proxy/proxy.ts'
import type { DriverSimulation } from '../runner/driver-simulation.ts'
import { driverImage } from '../scenarios/driver-pod.ts'
import type { Audit } from './audit.ts'
import type { PodRecord } from './records.ts'

/** Everything recorded in a run. */
export interface RunEvidence {
  readonly simulation: DriverSimulation
  readonly audit: Audit
  readonly writes: readonly PassedWrite[]
  /** Reasons of the Events, by the uid of their object. */
  readonly events: ReadonlyMap<string, readonly string[]>
  readonly safeguards: { readonly perApplication: number; readonly perNamespace: number; readonly perCluster: number }
  /** Whether the safeguards are so wide that they block nothing. */
  readonly unhindered: boolean
}

/** Whether the API server recorded a deletion of the pod. */
export const wasDeleted = ({ audit }: Pick<RunEvidence, 'audit'>, uid: string): boolean =>
  audit.changes(uid).some(({ type, pod }) => type === 'DELETED' || pod.metadata.deletionTimestamp !== undefined)

/** Descriptions of the expectations that are not met yet. */
export function findUnsettled(evidence: RunEvidence): readonly string[] {
  const { simulation, audit, events } = evidence
  const isReported = (uid: string, reason: string) => events.get(uid)?.includes(reason) === true
  const isSettled = ({ uid, expected }: PodRecord): boolean => {
    const notDeleted = isReported(uid, 'SparkNannyDeletionBlocked')
    switch (expected) {
      case 'untouched':
      case 'ignored':
        return true
      case 'deleted':
        return wasDeleted(evidence, uid) || (!evidence.unhindered && notDeleted)
      case 'deleted-or-reported':
        return wasDeleted(evidence, uid) || notDeleted
      case 'reported':
        return notDeleted
      case 'stuck':
        return isReported(uid, 'SparkNannyDriverStuck')
      case 'sidecar-bypassed':
        return isBypassed(evidence, uid)
    }
  }
  const waiting = simulation.pods
    .filter((record) => record.inconclusive === null && !isSettled(record))
    .map(({ scenario, name, uid, expected }) => `${name} (${scenario}, ${uid}) is not ${expected}`)
  const executors = simulation.executors
    // Garbage collection deletes the executors of a driver that has ended.
    .filter(({ uid, old, driver }) => old && !wasDeleted(evidence, uid) && driver.now()?.status.phase === 'Running')
    .map(({ name }) => `${name}, an executor of the driver before, still exists`)
  const numbers = audit.pods().flatMap(({ metadata, status, spec }) => {
    const [container] = Array.isArray(status.containerStatuses) ? status.containerStatuses : []
    const { state, restartCount, name } = toRecord(container)
    const isNumbered = name === 'spark-kubernetes-driver' && spec.initContainers !== undefined
    if (!isNumbered || toRecord(state).running === undefined) return []
    const suffix = metadata.annotations?.[nextApplicationIdSuffixAnnotation]
    const wanted = `-${Number(restartCount) + 2}`
    return suffix === wanted ? [] : [`${metadata.name}: the next application id suffix is ${suffix}, not ${wanted}`]
  })
  return [...waiting, ...executors, ...numbers]
}

/** Read from the pod itself, because the Event may be lost with its leader. */
function isBypassed({ audit }: RunEvidence, uid: string): boolean {
  const pod = audit.changes(uid).at(-1)?.pod
  return (
    pod?.spec.initContainers?.[0]?.image === driverImage && pod.metadata.annotations?.[bypassedAnnotation] !== undefined
  )
}
