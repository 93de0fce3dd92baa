import type { Deadlines } from '../core/settings/deadlines.ts'
import type { DriverPolicy } from '../core/settings/driver-policy.ts'
import { createJudgement, delayStartupDeadline, type Judgement, judge } from '../core/verdict/judge.ts'
import { hasDoubt, planReadings } from '../core/verdict/plan-readings.ts'
import { nextPollDelayMs } from '../core/verdict/poll-run.ts'
import type { ProcessRecord, Sample } from '../core/verdict/witnesses.ts'
import { computeActiveMs } from '../spark-ui/active-time.ts'
import type { BlackBox, TopFrame } from './black-box.ts'
import { type Clock, type Moment, toActiveMs, toWallMs } from './clock.ts'
import { createEnforcer, type EnforcerDeps } from './enforcer.ts'
import { createPollHistory } from './poll-history.ts'
import type { Poller } from './poller.ts'
import type { MonitorSnapshot } from './status.ts'

/** The interval of polls until the UI answers for the first time, so that the driver becomes Ready soon after its UI. */
const startingIntervalMs = 1_000
/** The longest wait between two polls of a driver that the probe is to end. */
const endingIntervalMs = 1_000

/** MaxContainerBackOff of the kubelet: it may wait this long before it restarts a container. */
const longestKubeletBackoffMs = 300_000

export interface MonitorDeps extends EnforcerDeps {
  readonly clock: Clock
  readonly poller: Poller
  readonly blackBox: Pick<BlackBox, 'observe' | 'summaries' | 'topFrame'>
}

export interface Monitor {
  /** One round: poll, judge, act. Resolves to the milliseconds to wait until the next, null when the sidecar ends. */
  step(): Promise<number | null>
  snapshot(): MonitorSnapshot
}

/**
 * Monitors one driver. All deadlines use active time: a clock that stands still while the sidecar does not run. Throws
 * only if the sidecar has a bug.
 */
export function createMonitor(policy: DriverPolicy, deps: MonitorDeps): Monitor {
  const { poller } = deps
  const deadlines = extendStopDeadline(policy)
  const pollHistory = createPollHistory()
  const time = createActiveTime(deps.clock)
  const readProcesses = createProcessWitness(deps)
  let delayMs = 0
  const enforcer = createEnforcer(policy, deps, time.now().wallMs)
  // Written before the first poll: the startup probe must not pass while that poll is in progress.
  let { judgement } = enforcer.enforce(createJudgement(time.now().nowMs, enforcer.knownDriver()), null, time.now())

  return {
    async step() {
      time.pass(delayMs)
      const { observation, plannedMs, readingMs } = await poller.poll({
        nowMs: time.now().nowMs,
        answered: judgement.answered,
        wanted: planReadings(judgement, deadlines, time.now().nowMs),
      })
      const sample = observation.ui
      const tookMs = time.pass(plannedMs)
      const now = time.now()
      pollHistory.add({ sample, tookMs: Math.max(0, tookMs - readingMs), wallMs: now.wallMs })
      deps.log.debug({ sample, tookMs: Math.round(tookMs), requested: observation.requested }, 'poll')
      const before = enforcer.runsStartupDeadline(judgement, sample)
        ? judgement
        : delayStartupDeadline(judgement, now.nowMs)
      const processes = readProcesses(now.nowMs)
      const probed = deps.files.readDriverStart().kind !== 'none'
      const complete = { ...observation, probed, ...(processes !== undefined && { processes }) }
      const judged = judge(before, complete, deadlines, now.nowMs)
      // Before anything acts on the verdict: the sidecar may end, and the driver with its evidence.
      deps.blackBox.observe({
        verdict: judged.verdict,
        hasDoubt: hasDoubt(judged),
        polls: pollHistory.latest(),
        processes: processes ?? null,
        ui: poller.provenUi(),
        wallMs: now.wallMs,
      })
      const enforced = enforcer.enforce(addTopFrame(judged, deps.blackBox.topFrame(), now), sample, now)
      judgement = enforced.judgement
      if (enforced.restarted) poller.forget()
      const isEnding = enforcer.snapshot().action.kind === 'fail'
      const nextPollMs = computeDelayMs(judgement, sample, isEnding, policy)
      delayMs = Math.max(0, Math.min(nextPollMs, enforcer.msUntilBackoffEnds(now.wallMs)))
      return enforcer.hasEnded() ? null : delayMs
    },
    snapshot: () => {
      return {
        policy,
        verdict: judgement.verdict,
        answered: judgement.answered,
        sinceWallMs: toWallMs(judgement.verdict.sinceMs, time.now()),
        wallMs: time.currentWallMs(),
        pollHistory,
        ui: poller.uiStatus(),
        readings: poller.readings(),
        requestedBytes: poller.requestedBytes(),
        blackBoxes: deps.blackBox.summaries(),
        ...enforcer.snapshot(),
      }
    },
  }
}

/** Adds what the black box shows to the evidence of a hang, so that the Event and the termination message name it. */
function addTopFrame(judgement: Judgement, topFrame: TopFrame | null, now: Moment): Judgement {
  const { verdict } = judgement
  if (verdict.kind !== 'hung' || topFrame === null) return judgement
  const report = `top frame ${topFrame.text}`
  if (verdict.evidence.some((known) => known.report === report)) return judgement
  const evidence = [
    ...verdict.evidence,
    { witness: 'threads', report, sinceMs: toActiveMs(topFrame.askedWallMs, now) } as const,
  ]
  return { ...judgement, verdict: { ...verdict, evidence } }
}

/** A record is older only if the kubelet no longer runs the probes, or if the wall clock has stepped. */
const oldestRecordMs = 600_000

/** The newest record of the probes, with its time by the active clock. The same record keeps its time. */
function createProcessWitness({ files, clock }: MonitorDeps): (nowMs: number) => ProcessRecord | undefined {
  let last: { readonly writtenMs: number; readonly record: ProcessRecord } | null = null
  return (nowMs) => {
    const found = files.readProcessRecord(clock.wallMs())
    if (found === null || found.ageMs > oldestRecordMs) return undefined
    if (found.writtenMs !== last?.writtenMs) {
      last = { writtenMs: found.writtenMs, record: { ...found.record, recordedMs: nowMs - found.ageMs } }
    }
    return last.record
  }
}

/**
 * Active time. Wall time is the wall clock at the start, advanced by the monotonic clock: a step of the wall clock neither
 * adds restarts to the budget nor takes any away.
 */
function createActiveTime(clock: Clock) {
  const wallOffsetMs = clock.wallMs() - clock.monotonicMs()
  let nowMs = 0
  let lastMs = clock.monotonicMs()
  return {
    /** At the last call of `pass`. */
    now: () => ({ nowMs, wallMs: wallOffsetMs + lastMs }),
    currentWallMs: () => wallOffsetMs + clock.monotonicMs(),
    /** Counts the time since the last call, but not more than was planned. Returns the elapsed time. */
    pass(plannedMs: number): number {
      const elapsedMs = clock.monotonicMs() - lastMs
      lastMs += elapsedMs
      nowMs += computeActiveMs(elapsedMs, plannedMs)
      return elapsedMs
    },
  }
}

/**
 * While the probe is to end the driver, it may still recover, commit its output and close its UI. It must be spared as soon as
 * that is seen, or it would run again.
 */
function computeDelayMs(
  { verdict, answered }: Judgement,
  sample: Sample,
  isEnding: boolean,
  policy: DriverPolicy,
): number {
  if (verdict.kind === 'starting' && !answered) return Math.min(startingIntervalMs, policy.intervalMs)
  const delayMs = nextPollDelayMs(sample, policy)
  return isEnding ? Math.min(endingIntervalMs, delayMs) : delayMs
}

/**
 * If the kubelet restarts a failed driver container, a driver that does not listen may be one that has not started yet: the
 * stop deadline then leaves time for the kubelet's longest backoff and for the start.
 */
function extendStopDeadline(policy: DriverPolicy): Deadlines {
  if (policy.onHung.kind !== 'restart-driver-container') return policy
  const { stopDeadlineMs, startupDeadlineMs } = policy
  return { ...policy, stopDeadlineMs: stopDeadlineMs + longestKubeletBackoffMs + startupDeadlineMs }
}
