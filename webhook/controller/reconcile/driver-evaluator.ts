import type { ControllerConfig } from '../../config/controller-config.ts'
import {
  computeDriverContext,
  type DriverContext,
  type DriverContextDeps,
  isProtectedNamespace,
} from '../assess/driver-context.ts'
import type { NodeState } from '../assess/stuck-termination.ts'
import type { WaitTracker } from '../assess/wait-tracker.ts'
import { type DriverStates, observeUnansweredExit, unansweredForMs } from '../decide/driver-state.ts'
import { type Evaluation, evaluate } from '../decide/evaluate.ts'
import type { HangBreaker } from '../decide/hang-breaker.ts'
import type { SidecarImageBreaker } from '../decide/sidecar-image-breaker.ts'
import { areManyStuck } from '../decide/startup-breaker.ts'
import type { DeletionTracker } from '../deletions/deletion-tracker.ts'
import type { Driver } from '../driver/driver.ts'
import type { DriverWatch } from '../driver/driver-watch.ts'
import type { SidecarStatusPoller } from '../poll/sidecar-status-poller.ts'
import type { UiPoller } from '../poll/ui-poller.ts'

export interface DriverEvaluatorDeps extends DriverContextDeps {
  readonly config: ControllerConfig
  readonly drivers: { readonly reflector: Pick<DriverWatch['reflector'], 'objects'> }
  readonly sidecarImageBreaker: Pick<SidecarImageBreaker, 'startupBlockedForMs'>
  readonly states: DriverStates
  readonly deletions: Pick<DeletionTracker, 'limits'>
  readonly uiPoller: Pick<UiPoller, 'judgement' | 'reaches' | 'reach' | 'mayBeFinishing'>
  readonly sidecarStatusPoller: Pick<SidecarStatusPoller, 'verdict'>
  readonly waitTracker: WaitTracker
  readonly breaker: Pick<HangBreaker, 'isOpenFor'>
  findNodeState(name: string): NodeState
  /** Milliseconds of a monotonic clock. */
  monotonicMs(): number
}

/** Evaluates a driver with everything that is known about it now. */
export type EvaluateDriver = (driver: Driver, driverContext?: DriverContext) => Evaluation

/** Gathers what {@link evaluate} depends on from the parts of a term. */
export function createDriverEvaluator(deps: DriverEvaluatorDeps): EvaluateDriver {
  const { config, states, deletions, uiPoller, sidecarStatusPoller, waitTracker } = deps
  return (driver, driverContext = computeDriverContext(driver, deps)) => {
    const { nowMs } = driverContext
    const monotonicMs = deps.monotonicMs()
    const toDateMs = (atMs: number) => nowMs - (monotonicMs - atMs)
    const wait = waitTracker.observe(driver, monotonicMs)
    observeUnansweredExit(states, driver, monotonicMs)
    const state = states.known(driver.uid)
    const gatedUntilMs = ({ uid }: Driver) => {
      const known = waitTracker.get(uid)
      return known?.wasGated === true ? toDateMs(known.sinceMs) : null
    }
    return evaluate(driver, config, {
      nowMs,
      driverContext,
      state,
      startupBlockedForMs: deps.sidecarImageBreaker.startupBlockedForMs(driver),
      exitUnhandledForMs: unansweredForMs(state, driver, monotonicMs),
      waitingSinceMs: wait === null ? null : toDateMs(wait.sinceMs),
      gatedUntilMs: gatedUntilMs(driver),
      node: driver.node === null ? { kind: 'unknown' } : deps.findNodeState(driver.node),
      judgement: uiPoller.judgement(driver.uid),
      reachesUi: uiPoller.reaches(driver.uid),
      reach: uiPoller.reach(driver.uid),
      mayBeFinishing: uiPoller.mayBeFinishing(driver.uid),
      sidecarHang: sidecarStatusPoller.verdict(driver.uid),
      isBreakerOpen: (source) => deps.breaker.isOpenFor(driver, source),
      areManyStuck: (stuck) =>
        areManyStuck(driver, stuck, {
          all: deps.drivers.reflector.objects.all(),
          nowMs,
          share: config.safeguards.breakerShare,
          isProtected: (namespace) => isProtectedNamespace(namespace, deps),
          gatedUntilMs,
        }),
      limits: () => deletions.limits(driver, driverContext.application, nowMs),
    })
  }
}
