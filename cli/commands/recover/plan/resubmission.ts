import { command } from '../../../../core/shell-command.ts'
import { readEffectiveConf } from '../../../evidence/effective-conf.ts'
import { valueIn } from '../../../evidence/evidence.ts'
import { redactedText } from '../../../redaction/redactor.ts'
import { formatMemoryMiB, type MemoryKey } from '../../../spark-conf/memory-size.ts'
import { findAllowedRemedy } from './allow-list.ts'
import type { Plan, PlannedCause, PlannedRemedy } from './plan.ts'
import { containerText, cordon, outputRisk } from './plan-builders.ts'
import { toPlannedCause, unknownCause } from './planned-cause.ts'
import { increaseMemory } from './raise-memory.ts'
import type { RecoveryCase } from './recovery-case.ts'
import { confirmUnknownCause, findRefusal, formatUnknowns, type RefusalRule, refuse } from './refusal.ts'
import { resubmissionCommand } from './resubmission-flags.ts'

const completedDriver: RefusalRule<RecoveryCase> = ({ diagnosis }) =>
  diagnosis.state === 'completed' ? refuse('completed', 'its driver ended with exit code 0', null) : undefined

const healthyDriver: RefusalRule<RecoveryCase> = ({ diagnosis: { state }, root }) =>
  root === undefined && (state === 'running' || state === 'pending')
    ? refuse('healthy-driver', `it is ${state}`, null)
    : undefined

const runningDriver: RefusalRule<RecoveryCase> = ({ evidence, diagnosis, root }) =>
  root !== undefined && diagnosis.state === 'running'
    ? refuse('driver-running', root.title, toPlannedCause(root), { evidence, root })
    : undefined

const unconfirmedCause: RefusalRule<RecoveryCase> = ({ diagnosis: { unknown }, request, root }) => {
  if (root !== undefined || request.causeFixed) return undefined
  if (unknown.length === 0) return refuse('needs-confirmation', confirmUnknownCause, unknownCause)
  const detail = `no cause was found, and some evidence could not be read: ${formatUnknowns(unknown)}`
  return refuse('evidence-incomplete', detail, null)
}

/** In order: the first rule that applies gives the reason. */
const rules: readonly RefusalRule<RecoveryCase>[] = [completedDriver, healthyDriver, runningDriver, unconfirmedCause]

/** Plans for a driver of plain spark-submit. No operator resubmits it, and its pod cannot be patched. */
export function planResubmission(recovery: RecoveryCase): Plan {
  const { diagnosis, evidence, root, request } = recovery
  const refusal = findRefusal(rules, recovery)
  if (refusal !== undefined) return refusal
  const risk = outputRisk(diagnosis.state)
  if (root === undefined) return printCommands(recovery, unknownCause, { kind: 'rerun' }, {}, risk)
  const cause = toPlannedCause(root)
  const allowed = findAllowedRemedy(root, diagnosis.state, valueIn(evidence.pod), request.causeFixed)
  if (allowed.kind === 'none') return refuse(allowed.reason, allowed.detail, cause, { evidence, root })
  if (allowed.kind === 'rerun') return printCommands(recovery, cause, { kind: 'rerun' }, {}, risk)
  return planMemory(recovery, cause, allowed.key, risk)
}

function planMemory(recovery: RecoveryCase, cause: PlannedCause, key: MemoryKey, risk: string): Plan {
  const { evidence, facts, root } = recovery
  const about = root && { evidence, root }
  const conf = readEffectiveConf(evidence)
  if (conf.size === 0) {
    const detail = 'the settings of the driver are unknown because its ConfigMap no longer exists'
    return refuse('evidence-incomplete', detail, cause, about)
  }
  const type = conf.get('spark.kubernetes.resource.type')
  const language = type === 'python' || type === 'r' ? type : 'jvm'
  const next = { conf: (name: string) => conf.get(name), language, pod: facts.pod?.pod } as const
  const increase = increaseMemory(key, next, evidence, facts)
  if (increase.kind === 'unknown') return refuse('evidence-incomplete', increase.detail, cause, about)
  if (increase.kind === 'no-capacity') return refuse('no-capacity', increase.detail, cause, about)
  const { remedy } = increase
  const changed = { [remedy.key]: formatMemoryMiB(remedy.toMiB) }
  return printCommands(recovery, cause, remedy, changed, `${containerText(remedy)} ${risk}`)
}

/** `changed` contains the settings that differ from the previous submission. */
function printCommands(
  { evidence, root }: RecoveryCase,
  cause: PlannedCause,
  remedy: PlannedRemedy,
  changed: Readonly<Record<string, string>>,
  risk: string,
): Plan {
  const pod = valueIn(evidence.pod)
  const fixedName = readEffectiveConf(evidence).get('spark.kubernetes.driver.pod.name')
  const deletion =
    pod !== undefined && fixedName === pod.name ? [command`kubectl -n ${pod.namespace} delete pod ${pod.name}`] : []
  const submission = resubmissionCommand(evidence, changed)
  return {
    kind: 'print-only',
    cause,
    why: 'No operator manages this driver, and the memory and arguments of a pod cannot be changed. Its submitter must submit it again.',
    remedy,
    commands: [...deletion, submission],
    risk,
    notes: [
      ...(deletion.length === 0 ? [] : ['The pod has a fixed name, so it must be deleted first.']),
      ...(submission.includes(redactedText) ? [`A secret was replaced by ${redactedText}: fill it in.`] : []),
    ],
    byHand: root === undefined ? [] : cordon(evidence, root),
  }
}
