import { randomUUID } from 'node:crypto'
import { recoveriesAnnotation } from '../../../../core/contract/pod-contract.ts'
import type { KubernetesApi } from '../../../../kubernetes/api.ts'
import type { CliIo } from '../../../io/cli-io.ts'
import type { ApplicationFacts, LivePod } from '../facts/cluster-facts.ts'
import { parseRecoveries, type Recovery, type RecoveryOutcome } from '../facts/recoveries.ts'
import type { ApplyPlan, ResumePlan } from '../plan/plan.ts'
import { remedyText } from '../plan/plan-builders.ts'
import type { AuditTrail } from './audit-trail.ts'
import type { DriverProgress } from './driver-progress.ts'
import { escalationSteps, nextSteps } from './next-steps.ts'
import type { RecoverResult } from './result.ts'
import { podChange, runSteps } from './run-steps.ts'
import { watchDriver } from './watch-driver.ts'

export interface ApplyDeps {
  readonly api: KubernetesApi
  readonly audit: AuditTrail
  readonly io: Pick<CliIo, 'nowMs' | 'sleep'>
  readonly waitMs: number
  /** The user, as the API server knows them. */
  readonly by: string
  /** When the driver failed, where that is known. */
  readonly failedMs: number | null
  tell(text: string): void
}

/** Does a plan: the record, the steps, the watch, the record. */
export async function apply(
  conduct: ApplyDeps,
  plan: ApplyPlan,
  application: ApplicationFacts,
  pod: LivePod | null,
): Promise<RecoverResult> {
  const { audit, io, api } = conduct
  const moved = pod === null ? undefined : await podChange(api, application.namespace, pod)
  if (moved !== undefined) return moved
  const recovery: Recovery = {
    id: randomUUID().slice(0, 8),
    by: conduct.by,
    atMs: io.nowMs(),
    cause: plan.cause.id,
    remedy: remedyText(plan.remedy),
    steps: plan.steps.map(({ kind }) => kind),
    generation: application.generation,
    pod: pod?.uid ?? null,
    outcome: 'started',
    endedMs: null,
  }
  conduct.tell('writing the record …')
  const begun = await audit.begin(application, recovery)
  if (begun.kind === 'changed') return begun
  if (begun.kind === 'failed')
    return failed(conduct, `the record could not be written, nothing was done: ${begun.detail}`)
  conduct.tell('acting …')
  const acted = await runSteps(api, begun.application, plan.steps)
  if (acted.kind !== 'written') {
    const ended = { ...recovery, outcome: 'failed', endedMs: io.nowMs() } as const
    await audit.end(begun.application, ended, acted.detail)
    return acted.kind === 'changed' ? acted : failed(conduct, acted.detail)
  }
  return watched(conduct, recovery, acted.application)
}

/** Watches on where a run was cut off, and completes its record. */
export async function resume(
  conduct: ApplyDeps,
  plan: ResumePlan,
  application: ApplicationFacts,
): Promise<RecoverResult> {
  const recoveries = parseRecoveries(application.annotations[recoveriesAnnotation])
  const recovery = recoveries.find(({ id }) => id === plan.recovery)
  if (recovery === undefined) return { kind: 'changed', detail: `there is no record ${plan.recovery} any more` }
  return watched(conduct, recovery, application)
}

async function watched(conduct: ApplyDeps, recovery: Recovery, application: ApplicationFacts): Promise<RecoverResult> {
  const { api, audit, io, waitMs, failedMs } = conduct
  const { namespace, name } = application
  const { stage, pod } = await watchDriver(api, application, recovery.pod, waitMs, io, ({ detail }) =>
    conduct.tell(`${detail} …`),
  )
  const endedMs = io.nowMs()
  await audit.end(application, { ...recovery, outcome: outcomes[stage.kind], endedMs }, `${stage.detail}.`)
  const isWell = stage.kind === 'answers' || stage.kind === 'completed'
  return {
    kind: 'watched',
    recovery: recovery.id,
    stage,
    pod,
    next: nextSteps(stage.kind, namespace, name, pod),
    escalation: isWell ? [] : escalationSteps(failedMs ?? recovery.atMs, endedMs),
  }
}

const outcomes: Readonly<Record<DriverProgress['kind'], RecoveryOutcome>> = {
  answers: 'recovered',
  completed: 'recovered',
  unasked: 'runs',
  'old-pod': 'not-recovered',
  'no-pod': 'not-recovered',
  pending: 'not-recovered',
  running: 'not-recovered',
  failed: 'not-recovered',
}

function failed({ failedMs, io }: ApplyDeps, detail: string): RecoverResult {
  return { kind: 'failed', detail, escalation: escalationSteps(failedMs, io.nowMs()) }
}
