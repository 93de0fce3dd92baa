import { currentHistory, parseHistory } from '../../../../core/contract/deletion-history.ts'
import { actionsAnnotation, pausedUntilAnnotation } from '../../../../core/contract/pod-contract.ts'
import { findPause } from '../../../../core/settings/pause.ts'
import type { Evidence } from '../../../evidence/evidence.ts'
import type { Finding } from '../../../findings/findings.ts'
import { remedyTitle } from '../../../render/text.ts'
import type { ApplicationFacts, ClusterFacts } from '../facts/cluster-facts.ts'
import { findExternalManager } from '../facts/managed-elsewhere.ts'
import type { PlannedCause, RefusedPlan } from './plan.ts'
import type { RefusalReason } from './refusal-reasons.ts'

/** `about`: whose remedies are told instead. */
export function refuse(
  reason: RefusalReason,
  detail: string,
  cause: PlannedCause | null,
  about?: { readonly evidence: Evidence; readonly root: Finding },
  instead: readonly string[] = [],
): RefusedPlan {
  const told = about?.root.remedies.flatMap((remedy) => [`${remedyTitle(remedy)}.`, ...remedy.commands]) ?? []
  return { kind: 'refuse', reason, detail, cause, instead: [...instead, ...told] }
}

/** What keeps anybody's program from touching the application, whatever is wrong with its driver. */
export function findRefusal(
  application: ApplicationFacts,
  { namespaceAnnotations, pod }: Pick<ClusterFacts, 'namespaceAnnotations' | 'pod'>,
  cause: PlannedCause | null,
  nowMs: number,
): RefusedPlan | undefined {
  const { namespace, name, annotations, generation, operator } = application
  const elsewhere = findExternalManager(application)
  if (elsewhere !== undefined) {
    const { by, mark, change } = elsewhere
    return refuse('gitops', `${by} (${mark})`, cause, undefined, [`${sentence(change)}.`])
  }
  const kind = `sparkapplications.${operator === 'kubeflow' ? 'sparkoperator.k8s.io' : 'spark.apache.org'}`
  if (namespaceAnnotations.kind !== 'read') {
    return refuse('evidence-incomplete', `namespace ${namespace}: ${namespaceAnnotations.detail}`, cause)
  }
  const pause = findPause(nowMs, pod?.annotations, annotations, namespaceAnnotations.value)
  if (pause !== null) {
    const until = pause.untilMs === null ? 'until it is removed' : `until ${new Date(pause.untilMs).toISOString()}`
    return refuse('paused', `${pausedUntilAnnotation} ${until}: ${pause.reason || 'no reason is given'}`, cause)
  }
  const history = currentHistory(parseHistory(annotations[actionsAnnotation]), generation)
  if (history.quarantinedMs !== null) {
    const since = new Date(history.quarantinedMs).toISOString()
    return refuse('quarantined', `since ${since}, after ${history.deletions.length} deletions`, cause, undefined, [
      'See what was done about it; without the annotation the quarantine ends:',
      `kubectl -n ${namespace} annotate ${kind} ${name} ${actionsAnnotation}-`,
    ])
  }
  const { spec } = application.object
  if (typeof spec === 'object' && spec !== null && 'suspend' in spec && spec.suspend === true) {
    return refuse('suspended', 'spec.suspend is true', cause, undefined, [
      'When it shall run again:',
      `kubectl -n ${namespace} patch ${kind} ${name} --type merge -p '{"spec":{"suspend":false}}'`,
    ])
  }
  return undefined
}

export const sentence = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`
