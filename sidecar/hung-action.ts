import { formatDuration } from '../core/duration.ts'
import type { HungPolicy, RestartBudget } from '../core/settings/driver-policy.ts'
import type { HungReason, Verdict } from '../core/verdict/verdict.ts'
import { formatIsoTime } from './clock.ts'
import { type BudgetState, computeBudgetState, type RestartHistory } from './restart-budget.ts'

export type HungVerdict = Extract<Verdict, { kind: 'hung' }>

/** What is done about a verdict. `message` is one line for the log and the termination message. */
export type HungAction =
  | { readonly kind: 'none' }
  /** Nothing can or shall be done. */
  | { readonly kind: 'report'; readonly message: string }
  /** Not yet. */
  | { readonly kind: 'wait'; readonly untilMs: number; readonly message: string }
  /** The file that fails liveness. `restarts`: the kubelet then starts the driver again, which counts as a restart. */
  | { readonly kind: 'fail'; readonly restarts: boolean; readonly message: string }
  /** Exit with the code that restarts all containers. */
  | { readonly kind: 'restart-all'; readonly message: string }

/**
 * What the policy wants done about a driver that hangs for `reason`. All containers are not restarted after the UI has
 * closed: beside a container that keeps the pod alive the driver may have ended well, and would be run again
 * (getContainersToReset of the kubelet's kuberuntime_manager.go takes those that have exited too). A failed liveness probe
 * touches only a driver that still runs.
 */
export function limitHungPolicy(reason: HungReason, onHung: HungPolicy): HungPolicy {
  const mayHaveEnded = reason === 'stop-deadline' && onHung.kind === 'restart-all-containers'
  return mayHaveEnded ? { kind: 'fail-pod', budget: null } : onHung
}

/** What a hung driver gets. Pure; times are of the wall clock. */
export function chooseHungAction(
  verdict: HungVerdict,
  hungSinceMs: number,
  onHung: HungPolicy,
  history: RestartHistory,
  nowMs: number,
): HungAction {
  const what = `${verdict.reason}: ${verdict.detail}; hung since ${formatIsoTime(hungSinceMs)}`
  switch (onHung.kind) {
    case 'observe':
      return { kind: 'report', message: `${what}; observed only` }
    case 'fail-pod':
      return { kind: 'fail', restarts: false, message: `${what}; the pod fails` }
    case 'restart-all-containers':
    case 'restart-driver-container': {
      const all = onHung.kind === 'restart-all-containers'
      const state = computeBudgetState(onHung.budget, history, nowMs)
      const which = `restart ${state.used + 1}${state.max === null ? '' : ` of ${state.max}`}${describeWindow(onHung.budget)}`
      switch (state.kind) {
        case 'free':
          return all
            ? { kind: 'restart-all', message: `${what}; ${which}, all containers` }
            : { kind: 'fail', restarts: true, message: `${what}; ${which}, the driver container` }
        case 'backoff':
          return {
            kind: 'wait',
            untilMs: state.untilMs,
            message: `${what}; ${which} not before ${formatIsoTime(state.untilMs)}`,
          }
        case 'spent': {
          const spent = `${what}; ${describeSpentBudget(state, onHung.budget)}`
          // The kubelet restarts whatever ends in a pod of restartPolicy OnFailure: it cannot be made to fail.
          return all
            ? { kind: 'fail', restarts: false, message: `${spent}; the pod fails` }
            : { kind: 'report', message: `${spent}; left as it is` }
        }
      }
    }
  }
}

function describeSpentBudget({ max, restarts }: BudgetState & { kind: 'spent' }, budget: RestartBudget): string {
  if (max === 0) return 'no restart is allowed (max-restarts 0)'
  const times = restarts.slice(-5).map(({ atMs }) => formatIsoTime(atMs))
  return `no restart left: all ${max}${describeWindow(budget)} are spent, the latest at ${times.join(', ')}`
}

function describeWindow({ windowMs }: RestartBudget): string {
  return windowMs === null ? '' : ` within ${formatDuration(windowMs)}`
}
