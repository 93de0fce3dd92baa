import type { SidecarStatusBody } from '../core/contract/sidecar-status.ts'
import { formatDuration } from '../core/duration.ts'
import type { DriverPolicy } from '../core/settings/driver-policy.ts'
import type { Verdict, VerdictEvidence } from '../core/verdict/verdict.ts'
import type { BlackBoxSummary } from './black-box.ts'
import { formatIsoTime } from './clock.ts'
import type { EnforcerSnapshot } from './enforcer.ts'
import type { HungAction } from './hung-action.ts'
import type { PollHistory, RecordedPoll } from './poll-history.ts'
import type { Poller } from './poller.ts'
import { hasStarted, isReady } from './readiness.ts'
import type { ReadingRecord } from './reading-account.ts'
import { type BudgetState, computeBudgetState } from './restart-budget.ts'
import { type RestartState, toRestartHistory } from './restart-state.ts'

/** Everything that the monitor knows at one moment. */
export interface MonitorSnapshot {
  readonly policy: DriverPolicy
  readonly verdict: Verdict
  readonly answered: boolean
  /** Milliseconds of the wall clock: when the verdict was reached, and the current time. */
  readonly sinceWallMs: number
  readonly wallMs: number
  readonly pollHistory: PollHistory
  readonly ui: ReturnType<Poller['uiStatus']>
  readonly readings: ReturnType<Poller['readings']>
  readonly requestedBytes: ReturnType<Poller['requestedBytes']>
  readonly blackBoxes: readonly BlackBoxSummary[]
  readonly action: HungAction
  readonly restartState: RestartState
  readonly wrongVerdicts: EnforcerSnapshot['wrongVerdicts']
  /** The write that the file system refuses; null if there is none. */
  readonly problem: string | null
}

/** What the sidecar does. `idle`: it cannot monitor its driver, and does not act on it. */
export type SidecarState =
  | { readonly kind: 'monitoring'; readonly snapshot: MonitorSnapshot }
  | { readonly kind: 'idle'; readonly reason: string }

export const passesStartup = (state: SidecarState): boolean => state.kind === 'idle' || hasStarted(state.snapshot)
export const passesReadiness = (state: SidecarState): boolean => state.kind === 'idle' || isReady(state.snapshot)

/** The state of the restart budget at this moment; null if the policy has no budget. */
export function computeCurrentBudget({ policy, restartState, wallMs }: MonitorSnapshot): BudgetState | null {
  const { budget } = policy.onHung
  return budget === null ? null : computeBudgetState(budget, toRestartHistory(restartState), wallMs)
}

/** The response to /status. */
export function toStatusJson(state: SidecarState, version: string): SidecarStatusBody {
  if (state.kind === 'idle') return { version, state: 'idle', reason: state.reason, ready: true, started: true }
  const { snapshot } = state
  const { policy, verdict, restartState, action, ui } = snapshot
  return {
    version,
    state: verdict.kind,
    since: formatIsoTime(snapshot.sinceWallMs),
    reason: 'reason' in verdict ? verdict.reason : null,
    detail: 'detail' in verdict ? verdict.detail : null,
    certainty: verdict.kind === 'hung' ? verdict.certainty : null,
    evidence: verdict.kind === 'hung' ? verdict.evidence.map((one) => toEvidenceJson(snapshot, one)) : [],
    ready: passesReadiness(state),
    started: passesStartup(state),
    answered: snapshot.answered,
    attempt: restartState.attempt,
    action: { onHung: policy.onHung.kind, ...toActionJson(action) },
    budget: toBudgetJson(snapshot),
    restarts: restartState.restarts.slice(-20).map(({ atMs, reason }) => ({ at: formatIsoTime(atMs), reason })),
    ui,
    samples: snapshot.pollHistory.latest().map(toPollJson),
    readings: snapshot.readings.map((reading) => toReadingJson(snapshot, reading)),
    requestedBytes: snapshot.requestedBytes,
    blackBoxes: [...snapshot.blackBoxes],
    settings: policy.settings,
    problem: snapshot.problem,
  }
}

/** The ISO time of a moment of the active clock. The time of the verdict, which is known by both clocks, gives their offset. */
function formatActiveTime({ verdict, sinceWallMs }: MonitorSnapshot, activeMs: number): string {
  return formatIsoTime(sinceWallMs + activeMs - verdict.sinceMs)
}

function toEvidenceJson(snapshot: MonitorSnapshot, { witness, report, sinceMs }: VerdictEvidence) {
  return { witness, report, since: formatActiveTime(snapshot, sinceMs) }
}

function toReadingJson(snapshot: MonitorSnapshot, { witness, askedMs, reportedMs, bytes }: ReadingRecord) {
  const reported = reportedMs === null ? null : formatActiveTime(snapshot, reportedMs)
  return { witness, asked: formatActiveTime(snapshot, askedMs), reported, bytes }
}

function toActionJson(action: HungAction) {
  return {
    now: action.kind,
    message: 'message' in action ? action.message : null,
    notBefore: action.kind === 'wait' ? formatIsoTime(action.untilMs) : null,
  }
}

function toBudgetJson(snapshot: MonitorSnapshot) {
  const state = computeCurrentBudget(snapshot)
  const { budget } = snapshot.policy.onHung
  if (state === null || budget === null) return null
  return {
    state: state.kind,
    used: state.used,
    left: state.max === null ? null : state.max - state.used,
    max: state.max,
    window: budget.windowMs === null ? 'life of the pod' : formatDuration(budget.windowMs),
    backoff: formatDuration(budget.backoffMs),
    nextNotBefore: state.kind === 'backoff' ? formatIsoTime(state.untilMs) : null,
  }
}

function toPollJson({ sample, tookMs, wallMs }: RecordedPoll) {
  return { at: new Date(wallMs).toISOString(), tookMs: Math.round(tookMs), ...sample }
}
