import { formatDuration } from '../core/duration.ts'
import type { DriverPolicy, RestartBudget } from '../core/settings/driver-policy.ts'
import type { Judgement } from '../core/verdict/judge.ts'
import type { HungReason, HungVerdict } from '../core/verdict/verdict.ts'
import { formatIsoTime, type Moment } from './clock.ts'
import { formatHungMessage } from './hung-message.ts'
import { type BudgetState, computeBudgetState, type RestartHistory } from './restart-budget.ts'

/** What the sidecar does about a hung driver. `message` is one line for the log and the termination message. */
export type HungAction =
  | { readonly kind: 'none' }
  /** No action is possible, or the policy asks for none. */
  | { readonly kind: 'report'; readonly message: string }
  /** The backoff before the next restart has not ended. */
  | { readonly kind: 'wait'; readonly untilMs: number; readonly message: string }
  /**
   * Write the file at which the liveness probe ends the driver. If no probe looks for one, then only the controller, which reads
   * /status, can end the driver.
   */
  | ({ readonly kind: 'fail'; readonly message: string; readonly by: 'probe' | 'controller' } & DriverEnd)
  /** Exit with the code that makes the kubelet restart all containers. */
  | { readonly kind: 'restart-all'; readonly message: string }

/** How the probe ends the JVM. `restarts`: the kubelet then restarts the driver, which counts as a restart. */
export type DriverEnd = typeof restartingEnd | typeof finalEnd | typeof finalEndDespiteRule

/** Exit code 142. The kubelet restarts the driver: by the rule for 142, or because it restarts whatever fails. */
const restartingEnd = { restarts: true, signal: 'ALRM' } as const
/** Exit code 142 in a pod without a rule for it: the pod fails. */
const finalEnd = { restarts: false, signal: 'ALRM' } as const
/** Exit code 137, which the rule for 142 does not match: the pod fails. */
const finalEndDespiteRule = { restarts: false, signal: 'KILL' } as const

/**
 * Which driver a verdict file can name. `any`: its start cannot be read, so that the file would hold for the next driver of
 * the pod too. `none`: no probe has run in its container, so that no file would be found.
 */
export type NamedDriver = 'one' | 'any' | 'none'

/** What an action depends on apart from the verdict. */
export interface HungContext {
  readonly policy: Pick<DriverPolicy, 'onHung' | 'actOn' | 'kubeletRestarts'>
  readonly history: RestartHistory
  readonly driver: NamedDriver
  readonly mayHaveClosedUi: Judgement['mayHaveClosedUi']
  readonly time: Moment
}

/**
 * The driver may have committed its output, or has run for as long as its owner allows. It may even have ended while another
 * container keeps the pod running, and a restart of all containers would start it again (getContainersToReset in the
 * kubelet's kuberuntime_manager.go also resets containers that have exited).
 */
const neverRunAgain: ReadonlySet<HungReason> = new Set(['stop-deadline', 'main-ended', 'max-run-time'])

/** Chooses the action for a hung driver. Pure. */
export function chooseHungAction(verdict: HungVerdict, context: HungContext): HungAction {
  const decision = nameActor(decide(verdict, context), context.driver)
  return { ...decision, message: formatHungMessage(verdict, decision.message, context.time) }
}

/** An action whose message is only what happens to the driver, without the verdict. */
type Decision = Exclude<HungAction, { kind: 'none' }>

function nameActor(decision: Decision, driver: NamedDriver): Decision {
  return decision.kind === 'fail' && driver === 'none'
    ? {
        ...decision,
        by: 'controller',
        message: 'no probe has run in its container, so that only the controller can end it',
      }
    : decision
}

const reportOnly = (message: string): Decision => ({ kind: 'report', message })

function decide({ reason, certainty }: HungVerdict, context: HungContext): Decision {
  const { onHung, actOn, kubeletRestarts } = context.policy
  if (onHung.kind === 'observe') return reportOnly('observed only')
  if (actOn === 'nothing') return reportOnly('reported only: act-on is nothing')
  if (certainty === 'likely' && actOn === 'certain')
    return reportOnly('reported only: the verdict is likely, and act-on is certain')
  // The kubelet restarts whatever fails in this pod.
  const runsAgain = onHung.kind === 'restart-driver-container' || kubeletRestarts === true
  if (mustNotRunAgain(reason, context)) {
    return runsAgain
      ? reportOnly('left as it is, because it may have committed its output and the kubelet would run it again')
      : failPod(onHung.kind)
  }
  if (onHung.budget === null) {
    return runsAgain
      ? reportOnly('left as it is, because the kubelet would restart it without a limit')
      : failPod(onHung.kind)
  }
  if (onHung.kind !== 'restart-all-containers' && context.driver === 'any') {
    return runsAgain
      ? reportOnly('left as it is, because its start is not known and the next driver could be ended instead')
      : failPod(onHung.kind, 'its start is not known, ')
  }
  return restartWithinBudget(onHung, runsAgain, context)
}

const mustNotRunAgain = (reason: HungReason, { mayHaveClosedUi }: HungContext) =>
  neverRunAgain.has(reason) || mayHaveClosedUi

function failPod(kind: DriverPolicy['onHung']['kind'], prefix = ''): Decision {
  const end = kind === 'restart-by-exit-code' ? finalEndDespiteRule : finalEnd
  return { kind: 'fail', by: 'probe', ...end, message: `${prefix}the pod fails` }
}

type RestartPolicy = Extract<DriverPolicy['onHung'], { budget: RestartBudget }>

function restartWithinBudget(
  { kind, budget }: RestartPolicy,
  runsAgain: boolean,
  { history, time }: HungContext,
): Decision {
  const state = computeBudgetState(budget, history, time.wallMs)
  const number = `restart ${state.used + 1}${state.max === null ? '' : ` of ${state.max}`}${describeWindow(budget)}`
  switch (state.kind) {
    case 'free':
      return kind === 'restart-all-containers'
        ? { kind: 'restart-all', message: `${number}, all containers` }
        : { kind: 'fail', by: 'probe', ...restartingEnd, message: `${number}, the driver container` }
    case 'backoff':
      return {
        kind: 'wait',
        untilMs: state.untilMs,
        message: `${number} not before ${formatIsoTime(state.untilMs)}`,
      }
    case 'spent': {
      const spent = describeSpentBudget(state, budget)
      // Such a pod cannot be made to fail: the kubelet restarts each container that ends.
      return runsAgain ? reportOnly(`${spent}; left as it is`) : failPod(kind, `${spent}; `)
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
