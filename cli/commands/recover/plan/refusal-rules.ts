import { currentHistory, parseHistory } from '../../../../core/contract/deletion-history.ts'
import { actionsAnnotation, pausedUntilAnnotation } from '../../../../core/contract/pod-contract.ts'
import { toRecord } from '../../../../core/json.ts'
import { findPause } from '../../../../core/settings/pause.ts'
import { command } from '../../../../core/shell-command.ts'
import { valueIn } from '../../../evidence/evidence.ts'
import { findExternalManager } from '../facts/managed-elsewhere.ts'
import { hasCompleted, isKubeflowActive, readOperatorState } from './operator-reaction.ts'
import { patchCommand, resourceType } from './plan-builders.ts'
import type { ApplicationCase, RecoveryCase } from './recovery-case.ts'
import { formatUnknowns, type RefusalRule, refuse } from './refusal.ts'
import { isOwnRun } from './stale-pod.ts'

const unreadEvidence: RefusalRule<RecoveryCase> = ({ diagnosis }) => {
  const unread = diagnosis.unknown.filter(({ what }) => what === 'pod' || what === 'application')
  return unread.length === 0 ? undefined : refuse('evidence-incomplete', formatUnknowns(unread), null)
}

const changedApplication: RefusalRule<RecoveryCase> = ({ evidence, facts }) =>
  facts.application === null && evidence.application.kind === 'read'
    ? refuse('evidence-incomplete', 'the SparkApplication changed while it was read; run the command again', null)
    : undefined

const changedPod: RefusalRule<RecoveryCase> = ({ evidence, facts }) =>
  facts.application !== null && (valueIn(evidence.pod)?.uid ?? null) !== (facts.pod?.uid ?? null)
    ? refuse('evidence-incomplete', 'the driver’s pod changed while it was read; run the command again', null)
    : undefined

/** The evidence is incomplete or contradicts itself. */
export const evidenceRules: readonly RefusalRule<RecoveryCase>[] = [unreadEvidence, changedApplication, changedPod]

const deletedApplication: RefusalRule<ApplicationCase> = ({ application, cause }) =>
  application.deleting ? refuse('being-deleted', `${application.name} is being deleted`, cause) : undefined

const completedApplication: RefusalRule<ApplicationCase> = ({ application }) =>
  hasCompleted(application) ? refuse('completed', `its state is ${readOperatorState(application)}`, null) : undefined

/** A completed driver that only blocks the name of the next driver does not count. */
const completedDriver: RefusalRule<ApplicationCase> = ({ application, diagnosis, facts, nameConflict }) => {
  if (diagnosis.state !== 'completed') return undefined
  const isLastRun = nameConflict === undefined || (facts.pod !== null && isOwnRun(application, facts.pod))
  if (!isLastRun) return undefined
  const detail = `its driver ended with exit code 0; the operator reports ${readOperatorState(application)}`
  return refuse('completed', detail, null)
}

/** There is nothing to recover. */
export const completionRules: readonly RefusalRule<ApplicationCase>[] = [
  deletedApplication,
  completedApplication,
  completedDriver,
]

const managedElsewhere: RefusalRule<ApplicationCase> = ({ application, cause }) => {
  const manager = findExternalManager(application)
  if (manager === undefined) return undefined
  const { by, mark, change } = manager
  return refuse('gitops', `${by} (${mark})`, cause, undefined, [`${capitalize(change)}.`])
}

const unreadNamespace: RefusalRule<ApplicationCase> = ({ application, facts, cause }) => {
  const { namespaceAnnotations } = facts
  if (namespaceAnnotations.kind === 'read') return undefined
  return refuse('evidence-incomplete', `namespace ${application.namespace}: ${namespaceAnnotations.detail}`, cause)
}

const paused: RefusalRule<ApplicationCase> = ({ application, facts, cause, nowMs }) => {
  const { namespaceAnnotations, pod } = facts
  const ofNamespace = namespaceAnnotations.kind === 'read' ? namespaceAnnotations.value : undefined
  const pause = findPause(nowMs, pod?.annotations, application.annotations, ofNamespace)
  if (pause === null) return undefined
  const until = pause.untilMs === null ? 'until it is removed' : `until ${new Date(pause.untilMs).toISOString()}`
  return refuse('paused', `${pausedUntilAnnotation} ${until}: ${pause.reason || 'no reason is given'}`, cause)
}

const quarantined: RefusalRule<ApplicationCase> = ({ application, cause }) => {
  const { annotations, generation } = application
  const { quarantinedMs, deletions } = currentHistory(parseHistory(annotations[actionsAnnotation]), generation)
  if (quarantinedMs === null) return undefined
  const detail = `since ${new Date(quarantinedMs).toISOString()}, after ${deletions.length} deletions`
  return refuse('quarantined', detail, cause, undefined, [
    'Find out why it was quarantined. To end the quarantine, remove the annotation:',
    command`kubectl -n ${application.namespace} annotate ${resourceType(application)} ${application.name} ${actionsAnnotation}-`,
  ])
}

const suspended: RefusalRule<ApplicationCase> = ({ application, cause }) => {
  if (toRecord(application.object.spec).suspend !== true) return undefined
  return refuse('suspended', 'spec.suspend is true', cause, undefined, [
    'To resume the application:',
    patchCommand(application, { spec: { suspend: false } }),
  ])
}

/** Automatic changes to the application are not wanted, whatever is wrong with its driver. */
export const protectionRules: readonly RefusalRule<ApplicationCase>[] = [
  managedElsewhere,
  unreadNamespace,
  paused,
  quarantined,
  suspended,
]

const activeOperator: RefusalRule<ApplicationCase> = ({ application, cause }) => {
  const state = readOperatorState(application)
  if (application.operator !== 'kubeflow' || !isKubeflowActive.has(state)) return undefined
  const detail = `its state is ${state ?? 'not set yet'}; if it does not change, check the operator’s log`
  return refuse('operator-active', detail, cause)
}

/** The pod may be about to restart in place or to fail, and the operator has not reacted yet. */
const justEndedDriver: RefusalRule<ApplicationCase> = ({ application, diagnosis, evidence, cause }) => {
  const hasPodEnded = valueIn(evidence.pod)?.phase !== 'Running'
  if (diagnosis.state !== 'failed' || hasPodEnded || readOperatorState(application) !== 'RUNNING') return undefined
  return refuse('operator-active', 'the driver has just ended, but its pod has not; run the command again', cause)
}

/** The operator is still working on the application. */
export const operatorRules: readonly RefusalRule<ApplicationCase>[] = [activeOperator, justEndedDriver]

const capitalize = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`
