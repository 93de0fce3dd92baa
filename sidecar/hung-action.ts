import { formatDuration } from '../core/duration.ts'
import type { DriverPolicy, HungPolicy, RestartBudget } from '../core/settings/driver-policy.ts'
import type { HungReason, Verdict } from '../core/verdict/verdict.ts'
import { formatIsoTime } from './clock.ts'
import { type BudgetState, computeBudgetState, type RestartHistory } from './restart-budget.ts'

export type HungVerdict = Extract<Verdict, { kind: 'hung' }>

/** What the sidecar does about a hung driver. `message` is one line for the log and the termination message. */
export type HungAction =
  | { readonly kind: 'none' }
  /** No action is possible, or the policy asks for none. */
  | { readonly kind: 'report'; readonly message: string }
  /** The backoff before the next restart has not ended. */
  | { readonly kind: 'wait'; readonly untilMs: number; readonly message: string }
  /** Write the file that fails liveness. `restarts`: the kubelet then restarts the driver, which counts as a restart. */
  | { readonly kind: 'fail'; readonly restarts: boolean; readonly message: string }
  /** Exit with the code that makes the kubelet restart all containers. */
  | { readonly kind: 'restart-all'; readonly message: string }

/**
 * Limits what the policy does about a driver that is hung for `reason`. After the UI has closed, the driver may have
 * committed its output, or may even have ended while another container keeps the pod running. So nothing in this pod is run
 * again: no container is restarted, and the liveness probe fails only where the kubelet does not restart what fails.
 * (getContainersToReset in the kubelet's kuberuntime_manager.go also resets containers that have exited.)
 */
function limitHungPolicy(reason: HungReason, { onHung, kubeletRestarts }: HungActionPolicy): HungPolicy | 'no-rerun' {
  if (reason !== 'stop-deadline' || onHung.kind === 'observe') return onHung
  const wouldRunAgain = onHung.kind === 'restart-driver-container' || kubeletRestarts === true
  return wouldRunAgain ? 'no-rerun' : { kind: 'fail-pod', budget: null }
}

type HungActionPolicy = Pick<DriverPolicy, 'onHung' | 'kubeletRestarts'>

/** Chooses the action for a hung driver. Pure. Times are milliseconds of the wall clock. */
export function chooseHungAction(
  verdict: HungVerdict,
  hungSinceMs: number,
  policy: HungActionPolicy,
  history: RestartHistory,
  nowMs: number,
): HungAction {
  const summary = `${verdict.reason}: ${verdict.detail}; hung since ${formatIsoTime(hungSinceMs)}`
  const onHung = limitHungPolicy(verdict.reason, policy)
  if (onHung === 'no-rerun') {
    return { kind: 'report', message: `${summary}; left as it is, because it may have committed its output` }
  }
  switch (onHung.kind) {
    case 'observe':
      return { kind: 'report', message: `${summary}; observed only` }
    case 'fail-pod':
      return { kind: 'fail', restarts: false, message: `${summary}; the pod fails` }
    case 'restart-all-containers':
    case 'restart-by-exit-code':
    case 'restart-driver-container': {
      const all = onHung.kind === 'restart-all-containers'
      const state = computeBudgetState(onHung.budget, history, nowMs)
      const restartNumber = `restart ${state.used + 1}${state.max === null ? '' : ` of ${state.max}`}${describeWindow(onHung.budget)}`
      switch (state.kind) {
        case 'free':
          return all
            ? { kind: 'restart-all', message: `${summary}; ${restartNumber}, all containers` }
            : { kind: 'fail', restarts: true, message: `${summary}; ${restartNumber}, the driver container` }
        case 'backoff':
          return {
            kind: 'wait',
            untilMs: state.untilMs,
            message: `${summary}; ${restartNumber} not before ${formatIsoTime(state.untilMs)}`,
          }
        case 'spent': {
          const spent = `${summary}; ${describeSpentBudget(state, onHung.budget)}`
          // A pod with restartPolicy OnFailure cannot be made to fail: the kubelet restarts each container that ends.
          return all && policy.kubeletRestarts !== true
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
