import { readEffectiveConf } from '../../../evidence/effective-conf.ts'
import { type Evidence, valueIn } from '../../../evidence/evidence.ts'
import type { Diagnosis, Finding } from '../../../findings/findings.ts'
import { redactedText } from '../../../redaction/redactor.ts'
import { formatMemoryMiB } from '../../../spark-conf/memory-size.ts'
import type { ClusterFacts } from '../facts/cluster-facts.ts'
import { findAllowedRemedy } from './allow-list.ts'
import type { Plan, PlannedCause, PlannedRemedy } from './plan.ts'
import { containerText, cordon, outputRisk } from './plan-builders.ts'
import { toPlannedCause, unknownCause } from './planned-cause.ts'
import { increaseMemory } from './raise-memory.ts'
import { refuse } from './refusal.ts'
import { resubmissionCommand } from './resubmission-flags.ts'

/** A driver of plain spark-submit: nobody submits it again, and nothing in its pod can be patched. */
export function resubmission(
  evidence: Evidence,
  { state, findings, unknown }: Diagnosis,
  facts: ClusterFacts,
  causeFixed: boolean,
): Plan {
  const root = findings.find(({ symptomOf, severity }) => symptomOf === null && severity === 'error')
  const cause = root === undefined ? unknownCause : toPlannedCause(root)
  if (state === 'completed') return refuse('completed', 'its driver ended with exit code 0', null)
  if (state === 'running' || (state === 'pending' && root === undefined)) {
    return root === undefined
      ? refuse('healthy-driver', `it ${state === 'running' ? 'runs' : 'starts'}`, null)
      : refuse('driver-running', root.title, cause, { evidence, root })
  }
  if (root === undefined && !causeFixed) {
    const unread = unknown.map(({ what, source, why }) => `${what} (${source}): ${why}`).join('; ')
    return unread === ''
      ? refuse(
          'needs-confirmation',
          'no rule knows why the driver ended; once somebody does, --cause-fixed tells how',
          cause,
        )
      : refuse('evidence-incomplete', `no cause was found, and not read were ${unread}`, null)
  }
  const allowed =
    root === undefined
      ? ({ kind: 'rerun' } as const)
      : findAllowedRemedy(root, state, valueIn(evidence.pod), causeFixed)
  if (allowed.kind === 'none') return refuse(allowed.reason, allowed.detail, cause, root && { evidence, root })
  if (allowed.kind === 'rerun') return printed(evidence, cause, { kind: 'rerun' }, {}, outputRisk(state), root)
  const conf = readEffectiveConf(evidence)
  if (conf.size === 0) {
    const detail = 'the settings of the driver are not known: its ConfigMap is gone'
    return refuse('evidence-incomplete', detail, cause, root && { evidence, root })
  }
  const type = conf.get('spark.kubernetes.resource.type')
  const language = type === 'python' || type === 'r' ? type : 'jvm'
  const next = { conf: (key: string) => conf.get(key), language, pod: facts.pod?.pod } as const
  const raise = increaseMemory(allowed.key, next, evidence, facts)
  if (raise.kind === 'unknown') return refuse('evidence-incomplete', raise.detail, cause, root && { evidence, root })
  if (raise.kind === 'no-capacity') return refuse('no-capacity', raise.detail, cause, root && { evidence, root })
  const { remedy } = raise
  const changed = { [remedy.key]: formatMemoryMiB(remedy.toMiB) }
  return printed(evidence, cause, remedy, changed, `${containerText(remedy)} ${outputRisk(state)}`, root)
}

function printed(
  evidence: Evidence,
  cause: PlannedCause,
  remedy: PlannedRemedy,
  changed: Readonly<Record<string, string>>,
  risk: string,
  root: Finding | undefined,
): Plan {
  const pod = valueIn(evidence.pod)
  const fixedName = readEffectiveConf(evidence).get('spark.kubernetes.driver.pod.name')
  const deletion =
    pod !== undefined && fixedName === pod.name ? [`kubectl -n ${pod.namespace} delete pod ${pod.name}`] : []
  const command = resubmissionCommand(evidence, changed)
  return {
    kind: 'print-only',
    cause,
    why: 'No operator made this driver, and nothing of its pod’s memory or arguments can be changed; who submitted it has to do so again.',
    remedy,
    commands: [...deletion, command],
    risk,
    notes: [
      ...(deletion.length === 0 ? [] : ['The pod has a fixed name, which has to be free first.']),
      ...(command.includes(redactedText) ? [`Where ${redactedText} stands a secret was left out: fill it in.`] : []),
    ],
    byHand: root === undefined ? [] : cordon(evidence, root),
  }
}
