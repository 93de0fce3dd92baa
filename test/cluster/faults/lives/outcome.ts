import { nextApplicationIdSuffixAnnotation, rescuedAnnotation } from '../../../../core/contract/pod-contract.ts'
import { recordOf } from '../../../../core/json.ts'
import type { Audit } from '../invariants/audit.ts'
import type { PodRecord } from '../invariants/records.ts'
import type { PassedWrite } from '../proxy/proxy.ts'
import type { World } from '../runner/world.ts'
import { driverImage } from './driver-pod.ts'

/** All that is known of a run. */
export interface Evidence {
  readonly world: World
  readonly audit: Audit
  readonly writes: readonly PassedWrite[]
  /** Reasons of the Events of each object, by its uid. */
  readonly events: ReadonlyMap<string, readonly string[]>
  readonly rails: { readonly perApplication: number; readonly perNamespace: number; readonly perCluster: number }
  /** Whether the rails are so wide that nothing is withheld by them. */
  readonly unhindered: boolean
}

/** Whether the API server says that a pod was deleted. */
export const wasDeleted = ({ audit }: Pick<Evidence, 'audit'>, uid: string): boolean =>
  audit.changes(uid).some(({ type, pod }) => type === 'DELETED' || pod.metadata.deletionTimestamp !== undefined)

/** What has yet to become of the drivers that hang, in words. */
export function unsettled(evidence: Evidence): readonly string[] {
  const { world, audit, events } = evidence
  const told = (uid: string, reason: string) => events.get(uid)?.includes(reason) === true
  const isSettled = ({ uid, expected }: PodRecord): boolean => {
    const notDeleted = told(uid, 'SparkNannyNotDeleted')
    switch (expected) {
      case 'left-alone':
      case 'ignored':
        return true
      case 'deleted':
        return wasDeleted(evidence, uid) || (!evidence.unhindered && notDeleted)
      case 'deleted-or-told':
        return wasDeleted(evidence, uid) || notDeleted
      case 'told':
        return notDeleted
      case 'stuck':
        return told(uid, 'SparkNannyStuck')
      case 'rescued':
        return isRescued(evidence, uid)
    }
  }
  const waiting = world.pods
    .filter((record) => record.excuse === null && !isSettled(record))
    .map(({ life, name, uid, expected }) => `${name} (${life}, ${uid}) is not ${expected}`)
  const executors = world.executors
    // A driver that has ended takes its executors with it.
    .filter(({ uid, old, driver }) => old && !wasDeleted(evidence, uid) && driver.now()?.status.phase === 'Running')
    .map(({ name }) => `${name}, an executor of the driver before, is still there`)
  const numbers = audit.pods().flatMap(({ metadata, status, spec }) => {
    const [container] = Array.isArray(status.containerStatuses) ? status.containerStatuses : []
    const { state, restartCount, name } = recordOf(container)
    const isNumbered = name === 'spark-kubernetes-driver' && spec.initContainers !== undefined
    if (!isNumbered || recordOf(state).running === undefined) return []
    const suffix = metadata.annotations?.[nextApplicationIdSuffixAnnotation]
    const wanted = `-${Number(restartCount) + 2}`
    return suffix === wanted ? [] : [`${metadata.name}: the next driver would be ${suffix}, not ${wanted}`]
  })
  return [...waiting, ...executors, ...numbers]
}

/** The pod itself says so, also where the Event was lost with its leader. */
function isRescued({ audit }: Evidence, uid: string): boolean {
  const pod = audit.changes(uid).at(-1)?.pod
  return (
    pod?.spec.initContainers?.[0]?.image === driverImage && pod.metadata.annotations?.[rescuedAnnotation] !== undefined
  )
}
