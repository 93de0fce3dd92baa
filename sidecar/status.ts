import { formatDuration } from '../core/duration.ts'
import type { DriverPolicy } from '../core/settings/driver-policy.ts'
import type { Verdict } from '../core/verdict/verdict.ts'
import { isoTime } from './clock.ts'
import type { Outcome } from './hung-action.ts'
import type { SampleLog, TimedSample } from './poll-history.ts'
import type { Poller } from './poller.ts'
import { hasStarted, isReady } from './readiness.ts'
import { type BudgetState, budgetState } from './restart-budget.ts'
import { historyOf, type Memory } from './restart-state.ts'

/** All that a watch knows, at one moment. */
export interface WatchSnapshot {
  readonly policy: DriverPolicy
  readonly verdict: Verdict
  readonly answered: boolean
  /** Wall clock: since when the verdict stands, and now. */
  readonly sinceWallMs: number
  readonly wallMs: number
  readonly samples: SampleLog
  readonly ui: ReturnType<Poller['target']>
  readonly outcome: Outcome
  readonly memory: Memory
  /** What the file system does not let us do. */
  readonly problem: string | null
}

/** What the sidecar is doing. Idle: it cannot do its work, and harms nobody. */
export type SidecarState =
  | { readonly kind: 'watching'; readonly snapshot: WatchSnapshot }
  | { readonly kind: 'idle'; readonly reason: string }

export const passesStartup = (state: SidecarState): boolean => state.kind === 'idle' || hasStarted(state.snapshot)
export const passesReadiness = (state: SidecarState): boolean => state.kind === 'idle' || isReady(state.snapshot)

/** The budget at this moment; null where the policy has none. */
export function budgetOf({ policy, memory, wallMs }: WatchSnapshot): BudgetState | null {
  const { budget } = policy.onHung
  return budget === null ? null : budgetState(budget, historyOf(memory), wallMs)
}

/** The answer to /status. */
export function statusJson(state: SidecarState, version: string): Record<string, unknown> {
  if (state.kind === 'idle') return { version, state: 'idle', reason: state.reason, ready: true, started: true }
  const { snapshot } = state
  const { policy, verdict, memory, outcome, ui } = snapshot
  return {
    version,
    state: verdict.kind,
    since: isoTime(snapshot.sinceWallMs),
    reason: 'reason' in verdict ? verdict.reason : null,
    detail: 'detail' in verdict ? verdict.detail : null,
    ready: passesReadiness(state),
    started: passesStartup(state),
    answered: snapshot.answered,
    attempt: memory.attempt,
    action: { onHung: policy.onHung.kind, ...outcomeJson(outcome) },
    budget: budgetJson(snapshot),
    restarts: memory.restarts.slice(-20).map(({ atMs, reason }) => ({ at: isoTime(atMs), reason })),
    ui,
    samples: snapshot.samples.latest().map(sampleJson),
    settings: policy.settings,
    problem: snapshot.problem,
  }
}

function outcomeJson(outcome: Outcome) {
  return {
    now: outcome.kind,
    message: 'message' in outcome ? outcome.message : null,
    notBefore: outcome.kind === 'wait' ? isoTime(outcome.untilMs) : null,
  }
}

function budgetJson(snapshot: WatchSnapshot) {
  const state = budgetOf(snapshot)
  const { budget } = snapshot.policy.onHung
  if (state === null || budget === null) return null
  return {
    state: state.kind,
    used: state.used,
    left: state.max === null ? null : state.max - state.used,
    max: state.max,
    window: budget.windowMs === null ? 'life of the pod' : formatDuration(budget.windowMs),
    backoff: formatDuration(budget.backoffMs),
    nextNotBefore: state.kind === 'backoff' ? isoTime(state.untilMs) : null,
  }
}

function sampleJson({ sample, tookMs, wallMs }: TimedSample) {
  return { at: new Date(wallMs).toISOString(), tookMs: Math.round(tookMs), ...sample }
}
