import { randomUUID } from 'node:crypto'
import { recoveriesAnnotation } from '../../../../core/contract/pod-contract.ts'
import type { KubernetesApi } from '../../../../kubernetes/api.ts'
import type { CliIo } from '../../../io/cli-io.ts'
import type { ApplicationFacts, LivePod } from '../facts/cluster-facts.ts'
import { parseRecoveries, type Recovery, type RecoveryOutcome } from '../facts/recoveries.ts'
import type { ApplyPlan, ResumePlan } from '../plan/plan.ts'
import { remedyText } from '../plan/plan-builders.ts'
import type { AuditTrail } from './audit-trail.ts'
import { type DriverProgress, hasRecovered } from './driver-progress.ts'
import { escalationSteps, nextSteps } from './next-steps.ts'
import type { RecoverResult } from './result.ts'
import { findPodChange, runSteps } from './run-steps.ts'
import { watchDriver } from './watch-driver.ts'

export interface ApplyDeps {
  readonly api: KubernetesApi
  readonly audit: AuditTrail
  readonly io: Pick<CliIo, 'nowMs' | 'sleep'>
  readonly waitMs: number
  /** Name of the user, according to the API server. */
  readonly by: string
  /** When the driver failed. Null if that is unknown. */
  readonly failedMs: number | null
  showProgress(text: string): void
}

/** Applies a plan: records its start, runs its steps, watches the next driver, and records the outcome. */
export async function apply(
  deps: ApplyDeps,
  plan: ApplyPlan,
  application: ApplicationFacts,
  pod: LivePod | null,
): Promise<RecoverResult> {
  const { audit, io, api } = deps
  const change = pod === null ? undefined : await findPodChange(api, application.namespace, pod)
  if (change !== undefined) return change
  const recovery: Recovery = {
    id: randomUUID().slice(0, 8),
    by: deps.by,
    atMs: io.nowMs(),
    cause: plan.cause.id,
    remedy: remedyText(plan.remedy),
    steps: plan.steps.map(({ kind }) => kind),
    generation: application.generation,
    pod: pod?.uid ?? null,
    outcome: 'started',
    endedMs: null,
  }
  deps.showProgress('writing the record …')
  const started = await audit.begin(application, recovery)
  if (started.kind === 'changed') return started
  if (started.kind === 'failed')
    return failed(deps, `the record could not be written, so nothing was changed: ${started.detail}`)
  deps.showProgress('running the steps …')
  const done = await runSteps(api, started.application, plan.steps)
  if (done.kind !== 'written') {
    const ended = { ...recovery, outcome: 'failed', endedMs: io.nowMs() } as const
    await audit.end(started.application, ended, done.detail)
    return done.kind === 'changed' ? done : failed(deps, done.detail)
  }
  return watchAndRecord(deps, recovery, done.application)
}

/** Continues an interrupted recovery: watches the next driver and completes the record. */
export async function resume(deps: ApplyDeps, plan: ResumePlan, application: ApplicationFacts): Promise<RecoverResult> {
  const recoveries = parseRecoveries(application.annotations[recoveriesAnnotation])
  const recovery = recoveries.find(({ id }) => id === plan.recovery)
  if (recovery === undefined) return { kind: 'changed', detail: `record ${plan.recovery} no longer exists` }
  return watchAndRecord(deps, recovery, application)
}

async function watchAndRecord(
  deps: ApplyDeps,
  recovery: Recovery,
  application: ApplicationFacts,
): Promise<RecoverResult> {
  const { api, audit, io, waitMs, failedMs } = deps
  const { namespace, name } = application
  const { progress, pod } = await watchDriver(api, application, recovery.pod, waitMs, io, ({ detail }) =>
    deps.showProgress(`${detail} …`),
  )
  const endedMs = io.nowMs()
  await audit.end(application, { ...recovery, outcome: outcomes[progress.kind], endedMs }, `${progress.detail}.`)
  return {
    kind: 'watched',
    recovery: recovery.id,
    progress,
    pod,
    next: nextSteps(progress.kind, namespace, name, pod),
    escalation: hasRecovered(progress.kind) ? [] : escalationSteps(failedMs ?? recovery.atMs, endedMs),
  }
}

const outcomes: Readonly<Record<DriverProgress['kind'], RecoveryOutcome>> = {
  responding: 'recovered',
  completed: 'recovered',
  'response-unknown': 'runs',
  'old-pod': 'not-recovered',
  'no-pod': 'not-recovered',
  pending: 'not-recovered',
  running: 'not-recovered',
  failed: 'not-recovered',
}

function failed({ failedMs, io }: ApplyDeps, detail: string): RecoverResult {
  return { kind: 'failed', detail, escalation: escalationSteps(failedMs, io.nowMs()) }
}
