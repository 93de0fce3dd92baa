import { rerunAnnotation } from '../../../../core/contract/pod-contract.ts'
import { command, type ShellCommand } from '../../../../core/shell-command.ts'
import { type Evidence, valueIn } from '../../../evidence/evidence.ts'
import type { DriverPhase, Finding } from '../../../findings/findings.ts'
import { formatMemoryMiB } from '../../../spark-conf/memory-size.ts'
import type { ApplicationFacts, LivePod } from '../facts/cluster-facts.ts'
import type { Step } from '../facts/recoveries.ts'
import type { OperatorReaction } from './operator-reaction.ts'
import type { ApplyPlan, PlannedCause, PlannedRemedy } from './plan.ts'
import { memorySpec } from './raise-memory.ts'

type Reruns = Extract<OperatorReaction, { readonly kind: 'reruns' }>

/** Raises the memory, which starts a new run. */
export function memoryPlan(
  cause: PlannedCause,
  application: ApplicationFacts,
  { text, undo }: Reruns,
  remedy: Extract<PlannedRemedy, { readonly kind: 'raise-memory' }>,
  state: DriverPhase,
): ApplyPlan {
  const spec = memorySpec(remedy, application)
  const before = priorValue(application, spec)
  return {
    kind: 'apply',
    cause,
    remedy,
    steps: [patch(application, spec)],
    risk: `${containerText(remedy)} ${outputRisk(state)}`,
    reruns: text,
    undo: `${undo}: ${patchCommand(application, before)}`,
    notes: describeOwners(application),
    byHand: [],
  }
}

/** Reruns the application unchanged. An annotation of the driver is the change that triggers the rerun. */
export function rerunPlan(
  cause: PlannedCause,
  application: ApplicationFacts,
  { text }: Reruns,
  state: DriverPhase,
  nowMs: number,
  about?: { readonly evidence: Evidence; readonly root: Finding },
): ApplyPlan {
  return {
    kind: 'apply',
    cause,
    remedy: { kind: 'rerun' },
    steps: [patch(application, rerunSpec(nowMs))],
    risk: outputRisk(state),
    reruns: text,
    undo: 'Nothing needs to be undone. Removing the annotation would rerun the application.',
    notes: describeOwners(application),
    byHand: about === undefined ? [] : cordon(about.evidence, about.root),
  }
}

/** Deletes the pod that has the name of the next driver. `reaction` is set if the operator needs a change to retry. */
export function deletionPlan(
  cause: PlannedCause,
  application: ApplicationFacts,
  pod: LivePod,
  reaction: Reruns | null,
  nowMs: number,
): ApplyPlan {
  const { name, uid, resourceVersion, finalizers } = pod
  const deletion: Step = { kind: 'delete-pod', pod: name, uid, resourceVersion }
  const held =
    finalizers.length === 0
      ? []
      : [
          `The pod has finalizers (${finalizers.join(', ')}) and remains until their owners remove them. spark-nanny removes none.`,
        ]
  return {
    kind: 'apply',
    cause,
    remedy: { kind: 'delete-stale-pod', pod: name },
    steps: reaction === null ? [deletion] : [deletion, patch(application, rerunSpec(nowMs))],
    risk: `The log of the terminated pod is deleted too. Save it with \`${command`spark-nanny diagnose ${name} --save DIR`}\`. ${outputRisk('absent')}`,
    reruns: reaction?.text ?? 'The operator retries automatically once the name is free.',
    undo: 'A deleted pod cannot be restored. It had already ended.',
    notes: [...describeOwners(application), ...held],
    byHand: [],
  }
}

const rerunSpec = (nowMs: number) => ({
  driver: { annotations: { [rerunAnnotation]: new Date(nowMs).toISOString() } },
})

const patch = ({ uid, resourceVersion }: ApplicationFacts, spec: Readonly<Record<string, unknown>>): Step => ({
  kind: 'patch-application',
  uid,
  resourceVersion,
  spec,
})

export function containerText(remedy: Extract<PlannedRemedy, { readonly kind: 'raise-memory' }>): string {
  return `The driver’s container requests ${remedy.containerToMiB}Mi instead of ${remedy.containerFromMiB}Mi.`
}

export function outputRisk(state: DriverPhase): string {
  const hung = state === 'hung' ? 'The hung driver is stopped and its thread dump is lost. ' : ''
  return `${hung}The application starts from the beginning. Output that is not idempotent may be written twice.`
}

/** The current values of the fields that `spec` sets. Null for fields that the application does not set. */
function priorValue(application: ApplicationFacts, spec: Readonly<Record<string, unknown>>): object {
  const prior = (change: unknown, present: unknown): unknown => {
    if (typeof change !== 'object' || change === null) return present ?? null
    return Object.fromEntries(
      Object.entries(change).map(([key, value]) => [
        key,
        prior(value, typeof present === 'object' && present !== null ? Reflect.get(present, key) : undefined),
      ]),
    )
  }
  return { spec: prior(spec, application.object.spec) }
}

/** The resource type of the application for kubectl. */
export const resourceType = ({ operator }: ApplicationFacts): string =>
  `sparkapplications.${operator === 'kubeflow' ? 'sparkoperator.k8s.io' : 'spark.apache.org'}`

export function patchCommand(application: ApplicationFacts, body: object): ShellCommand {
  const { namespace, name } = application
  return command`kubectl -n ${namespace} patch ${resourceType(application)} ${name} --type merge -p ${JSON.stringify(body)}`
}

function describeOwners({ owners }: ApplicationFacts): readonly string[] {
  return owners.map((owner) =>
    owner.startsWith('ScheduledSparkApplication/')
      ? `The application was created by ${owner}. Change its template too, because the next scheduled run uses it.`
      : `The application was created by ${owner}, which may revert the change or create another application.`,
  )
}

const nodeCauses: readonly string[] = ['EVICTED', 'TAINTED', 'LOST', 'NOT-READY', 'PRESSURE', 'REJECTED', 'SHUTDOWN']

/** Commands that take the node out of use. They are only printed, because other workloads use the node too. */
export function cordon(evidence: Evidence, { id }: Finding): readonly ShellCommand[] {
  const node = valueIn(evidence.pod)?.node ?? null
  return node !== null && nodeCauses.some((name) => id === `SPN-NODE-${name}`) ? [command`kubectl cordon ${node}`] : []
}

/** Short description of the remedy, for records and Events. */
export function remedyText(remedy: ApplyPlan['remedy']): string {
  switch (remedy.kind) {
    case 'raise-memory':
      return `${remedy.key} ${formatMemoryMiB(remedy.fromMiB)} → ${formatMemoryMiB(remedy.toMiB)}`
    case 'rerun':
      return 'rerun unchanged'
    case 'delete-stale-pod':
      return `delete terminated pod ${remedy.pod}`
  }
}
