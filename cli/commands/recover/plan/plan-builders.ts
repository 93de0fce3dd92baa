import { rerunAnnotation } from '../../../../core/contract/pod-contract.ts'
import { type Evidence, valueIn } from '../../../evidence/evidence.ts'
import type { DriverPhase, Finding } from '../../../findings/findings.ts'
import { formatMemoryMiB } from '../../../spark-conf/memory-size.ts'
import type { ApplicationFacts, LivePod } from '../facts/cluster-facts.ts'
import type { Step } from '../facts/recoveries.ts'
import type { OperatorReaction } from './operator-reaction.ts'
import type { ApplyPlan, PlannedCause, PlannedRemedy } from './plan.ts'
import { memorySpec } from './raise-memory.ts'

type Reruns = Extract<OperatorReaction, { readonly kind: 'reruns' }>

/** More memory, and with it a new run. */
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
    notes: notesOf(application),
    byHand: [],
  }
}

/** The same again: an annotation of the driver is the change. */
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
    undo: 'There is nothing to undo: what runs is the same. To take the annotation away would run it once more.',
    notes: notesOf(application),
    byHand: about === undefined ? [] : cordon(about.evidence, about.root),
  }
}

/** The pod that has the name goes; `reaction` where the operator needs a change to try again. */
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
      : [`The pod has finalizers (${finalizers.join(', ')}) and goes only when their owners let it; none is removed.`]
  return {
    kind: 'apply',
    cause,
    remedy: { kind: 'delete-stale-pod', pod: name },
    steps: reaction === null ? [deletion] : [deletion, patch(application, rerunSpec(nowMs))],
    risk: `The log of the terminated pod goes with it: \`spark-nanny diagnose ${name} --save DIR\` keeps it. ${outputRisk('absent')}`,
    reruns: reaction?.text ?? 'The operator tries again by itself once the name is free.',
    undo: 'A deleted pod does not come back; it had ended.',
    notes: [...notesOf(application), ...held],
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
  return `The driver’s container asks for ${remedy.containerToMiB}Mi instead of ${remedy.containerFromMiB}Mi.`
}

export function outputRisk(state: DriverPhase): string {
  const hung = state === 'hung' ? 'The driver that hangs is ended, its thread dump is lost. ' : ''
  return `${hung}The application starts from its beginning: output that is not idempotent may be written twice.`
}

/** The values of the leaves of `spec` as the application has them; null: not at all. */
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

export function patchCommand({ operator, namespace, name }: ApplicationFacts, body: object): string {
  const kind = `sparkapplications.${operator === 'kubeflow' ? 'sparkoperator.k8s.io' : 'spark.apache.org'}`
  return `kubectl -n ${namespace} patch ${kind} ${name} --type merge -p '${JSON.stringify(body)}'`
}

function notesOf({ owners }: ApplicationFacts): readonly string[] {
  return owners.map((owner) =>
    owner.startsWith('ScheduledSparkApplication/')
      ? `It was made by ${owner}: the next scheduled run is made from that one’s template, where the change has to be made too.`
      : `It was made by ${owner}, which may change it back or make another.`,
  )
}

const ofNode: readonly string[] = ['EVICTED', 'TAINTED', 'LOST', 'NOT-READY', 'PRESSURE', 'REJECTED', 'SHUTDOWN']

/** Never done: a node is other people’s too. */
export function cordon(evidence: Evidence, { id }: Finding): readonly string[] {
  const node = valueIn(evidence.pod)?.node ?? null
  return node !== null && ofNode.some((name) => id === `SPN-NODE-${name}`) ? [`kubectl cordon ${node}`] : []
}

/** In a few words, for records and events. */
export function remedyText(remedy: ApplyPlan['remedy']): string {
  switch (remedy.kind) {
    case 'raise-memory':
      return `${remedy.key} ${formatMemoryMiB(remedy.fromMiB)} → ${formatMemoryMiB(remedy.toMiB)}`
    case 'rerun':
      return 'run again unchanged'
    case 'delete-stale-pod':
      return `delete terminated pod ${remedy.pod}`
  }
}
