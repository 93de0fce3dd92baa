import type { DriverPolicy } from '../core/settings/driver-policy.ts'
import { createJudgement, judge, nextPollDelayMs, type Sample } from '../core/verdict/verdict.ts'
import { computeActiveMs } from '../spark-ui/active-time.ts'
import type { Clock } from './clock.ts'
import { createEnforcer, type EnforcerDeps } from './enforcer.ts'
import { createPollHistory, type PollHistory } from './poll-history.ts'
import type { Poller } from './poller.ts'
import type { MonitorSnapshot } from './status.ts'

/** While nothing has answered yet; so that Ready comes soon after the UI. */
const startingIntervalMs = 1_000

/** MaxContainerBackOff of the kubelet: so long may it wait before it starts a container anew. */
const longestKubeletBackoffMs = 300_000

export interface MonitorDeps extends EnforcerDeps {
  readonly clock: Clock
  readonly poller: Poller
}

export interface Monitor {
  /** One round: poll, judge, act. Resolves to the milliseconds to wait until the next, null when the sidecar ends. */
  step(): Promise<number | null>
  snapshot(): MonitorSnapshot
}

/**
 * Watches one driver. All deadlines run on watched time: a clock that stands still while the sidecar is kept from
 * running. Throws only on a bug.
 */
export function createMonitor(policy: DriverPolicy, edges: MonitorDeps): Monitor {
  const { clock, poller } = edges
  const deadlines = computeDeadlines(policy)
  const samples: PollHistory = createPollHistory()
  // The wall clock as it was at the start, moved on evenly: a step of it neither grants nor eats budget.
  const wallOffsetMs = clock.wallMs() - clock.monotonicMs()
  let nowMs = 0
  let lastMs = clock.monotonicMs()
  let delayMs = 0
  const enforcer = createEnforcer(policy, edges, wallOffsetMs + lastMs)
  // Written before the first poll: the startup probe must not pass while it is under way.
  let judgement = enforcer.enforce(createJudgement(nowMs, enforcer.answered()), nowMs, wallOffsetMs + lastMs)

  /** Counts the time since the last call, but no more than was planned. */
  function passTime(plannedMs: number): number {
    const elapsedMs = clock.monotonicMs() - lastMs
    lastMs += elapsedMs
    nowMs += computeActiveMs(elapsedMs, plannedMs)
    return elapsedMs
  }

  function delayAfter(sample: Sample): number {
    const { verdict, answered } = judgement
    return verdict.kind === 'starting' && !answered
      ? Math.min(startingIntervalMs, policy.intervalMs)
      : nextPollDelayMs(sample, policy)
  }

  return {
    async step() {
      passTime(delayMs)
      const { verdict } = judgement
      const { sample, plannedMs } = await poller.poll({
        nowMs,
        answered: judgement.answered,
        stalled: verdict.kind === 'hung' && verdict.reason === 'stall',
      })
      const tookMs = passTime(plannedMs)
      const wallMs = wallOffsetMs + lastMs
      samples.add({ sample, tookMs, wallMs })
      edges.log.debug({ sample, tookMs: Math.round(tookMs) }, 'poll')
      const judged = judge(enforcer.heldBack(judgement, sample, nowMs), sample, deadlines, nowMs)
      judgement = enforcer.enforce(judged, nowMs, wallMs)
      if (judgement !== judged) poller.forget()
      delayMs = Math.max(0, Math.min(delayAfter(sample), enforcer.waitsMs(wallMs)))
      return enforcer.hasEnded() ? null : delayMs
    },
    snapshot: () => ({
      policy,
      verdict: judgement.verdict,
      answered: judgement.answered,
      sinceWallMs: wallOffsetMs + lastMs - (nowMs - judgement.verdict.sinceMs),
      wallMs: wallOffsetMs + clock.monotonicMs(),
      pollHistory: samples,
      ui: poller.uiStatus(),
      ...enforcer.snapshot(),
    }),
  }
}

/** Where the kubelet starts a driver anew that has failed, one that does not listen may also be one that is yet to start. */
function computeDeadlines(policy: DriverPolicy): DriverPolicy {
  if (policy.onHung.kind !== 'restart-driver-container') return policy
  const { stopDeadlineMs, startupDeadlineMs } = policy
  return { ...policy, stopDeadlineMs: stopDeadlineMs + longestKubeletBackoffMs + startupDeadlineMs }
}
