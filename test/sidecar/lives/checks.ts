import { anyDriver } from '../../../core/contract/pod-contract.ts'
import type { HungVerdict } from '../../../core/verdict/verdict.ts'
import type { HungAction } from '../../../sidecar/hung-action.ts'
import type { MonitorSnapshot } from '../../../sidecar/status.ts'
import type { DriverContainer } from './driver-container.ts'
import type { EndCause } from './kubelet.ts'
import { type Phase, type RightVerdict, runTimeAt } from './life.ts'
import type { PodSetup } from './pod-setup.ts'

/** What the simulation knows at one moment. */
export interface Moment {
  readonly nowMs: number
  readonly driver: DriverContainer | null
  readonly isEnding: boolean
  readonly isReady: boolean
  /** Since when nothing of ours, and nothing of the node's, has been disturbed. */
  readonly calmSinceMs: number
  readonly sidecarStartedMs: number
}

/** Compares what spark-nanny does with what it should do about a simulated driver, of which everything is known. */
export interface Checks {
  readonly problems: readonly string[]
  report(problem: string): void
  onStep(snapshot: MonitorSnapshot, moment: Moment): void
  /** The content of the file `hung` has changed. */
  onHungFile(text: string | null, moment: Moment): void
  onKill(driver: DriverContainer, cause: EndCause, nowMs: number): void
  onDriverStart(
    driver: DriverContainer,
    after: { readonly cause: EndCause; readonly code: number } | null,
    nowMs: number,
  ): void
  /** The number of restarts in the same pod that spark-nanny has caused. */
  restarts(): number
}

/** Polls, probes and the kubelet need so long to follow. */
const probeSlackMs = 45_000

/** `wallSkewMs`: by how much the wall clock has been stepped so far. */
export function createChecks(setup: PodSetup, wallSkewMs: () => number): Checks {
  const { policy } = setup
  const { intervalMs, timeoutMs, onHung, actOn } = policy
  const pollsMs = intervalMs + 2 * timeoutMs + 10_000
  const problems: string[] = []
  let shown: { readonly text: string; readonly atMs: number; readonly driver: DriverContainer | null } | null = null
  let hungFile: { readonly about: string; readonly driver: DriverContainer | null } | null = null
  let killed: DriverContainer | null = null
  let action: { readonly kind: HungAction['kind']; readonly sinceMs: number } = { kind: 'none', sinceMs: 0 }
  let restarts = 0
  const restarted: { readonly atMs: number; readonly skewMs: number }[] = []

  const describe = ({ nowMs, driver }: Pick<Moment, 'nowMs' | 'driver'>) =>
    driver === null
      ? 'no driver runs'
      : `driver "${driver.life.story}" is ${Math.round((nowMs - driver.startMs) / 1000)} s old and ${driver.phase(nowMs).name}`
  const report = (problem: string) => void problems.push(problem)

  /** Whether the driver has run for longer than its owner allows. No action or restart of spark-nanny starts that time again. */
  function isOverdue({ life, startMs }: DriverContainer, nowMs: number): boolean {
    const { maxRunTimeMs } = policy
    return maxRunTimeMs !== null && runTimeAt(life, nowMs - startMs) >= maxRunTimeMs - 1_000
  }

  /** Whether the sidecar cannot know better, whatever the driver does. */
  function isExcused(
    { reason, certainty }: HungVerdict,
    moment: Moment & { readonly driver: DriverContainer },
  ): boolean {
    const { nowMs, driver, calmSinceMs, sidecarStartedMs } = moment
    // While no probe can report, nothing is known of a debugger or of a collection. Whether anything is killed is checked apart.
    const isSilent = !driver.obeysSigterm(nowMs)
    if (nowMs < calmSinceMs && reason === 'unresponsive' && isSilent) return true
    // A restart that did not happen: the sidecar judges the same driver as a new one.
    if (!setup.canRestart && sidecarStartedMs > driver.startMs && isSilent) return true
    if (reason !== 'startup-deadline') return false
    // Without a startup probe of its own, the sidecar cannot know when the driver's container has started.
    if (setup.startupProbe === 'none') return true
    // With http, a startup probe that begins again is that of another driver, or of a kubelet that has restarted.
    const mayFollow = policy.kubeletRestarts === true || onHung.kind === 'restart-by-exit-code'
    const mayBeNext = setup.startupProbe === 'http' && mayFollow && calmSinceMs > driver.startMs
    return mayBeNext && certainty === 'likely'
  }

  /** Whether a verdict that is reached now is right about the driver as it was during the last polls. */
  function isRight(verdict: HungVerdict, moment: Moment): boolean {
    const { nowMs, driver } = moment
    if (driver === null) return false
    if (verdict.reason === 'max-run-time') return isOverdue(driver, nowMs)
    if (isExcused(verdict, { ...moment, driver })) return true
    const { life, startMs } = driver
    return life.phases.some((phase, index) => {
      const beganMs = startMs + phase.fromMs
      const endedMs = startMs + (life.phases[index + 1]?.fromMs ?? Number.POSITIVE_INFINITY)
      if (beganMs > nowMs || endedMs < nowMs - pollsMs) return false
      return phase.right.some(
        (right) =>
          right.reasons.includes(verdict.reason) &&
          (verdict.certainty === 'likely' || right.certainty === 'certain') &&
          Math.min(nowMs, endedMs) - beganMs >= right.afterMs - timeoutMs - 1_000,
      )
    })
  }

  function checkVerdict(snapshot: MonitorSnapshot, moment: Moment): void {
    const { verdict } = snapshot
    if (verdict.kind !== 'hung') {
      shown = null
      return
    }
    const text = `${verdict.reason}, ${verdict.certainty}`
    // A verdict about the driver before holds until a probe has recorded this one.
    const isYoung = moment.driver !== null && moment.nowMs - moment.driver.startMs < probeSlackMs
    if (isYoung && shown?.text === text) return
    if (shown?.text === text && shown.driver === moment.driver) return
    shown = { text, atMs: moment.nowMs, driver: moment.driver }
    if (isRight(verdict, moment)) return
    // On a likely verdict nothing acts by default, and it may be about a driver that is ending.
    if (moment.driver === null || moment.isEnding) return
    report(`the verdict ${text} is wrong: ${describe(moment)}; ${verdict.detail}`)
  }

  function checkMissed(snapshot: MonitorSnapshot, phase: Phase, moment: Moment & { driver: DriverContainer }): void {
    const { verdict } = snapshot
    const { nowMs, calmSinceMs, sidecarStartedMs, driver } = moment
    // The sidecar waits for the driver that was to follow. Without records it cannot know that the same one still runs.
    if (!setup.canRestart && sidecarStartedMs > driver.startMs) return
    // A sidecar that has never seen an answer waits for the startup deadline; and, after its own restart, for the startup probe.
    // Of two certain verdicts, one is shown.
    if (isOverdue(driver, nowMs)) return
    const isUnseen = !snapshot.answered && (phase.fromMs > 0 || sidecarStartedMs > driver.startMs)
    if (isUnseen) return
    const beganMs = driver.startMs + phase.fromMs
    const sinceMs = Math.max(beganMs, calmSinceMs)
    const missed = phase.right.find(
      ({ byMs, needsMemory }) =>
        byMs !== null && nowMs - sinceMs > byMs && !(needsMemory === true && sidecarStartedMs > driver.startMs),
    )
    if (missed === undefined || (verdict.kind === 'hung' && matches(verdict, missed))) return
    report(
      `the verdict ${missed.reasons.join(' or ')}, ${missed.certainty}, is missing after ${Math.round((nowMs - sinceMs) / 1000)} s: ${describe(moment)}, and the verdict is ${JSON.stringify(verdict)}`,
    )
  }

  const matches = (verdict: HungVerdict, { reasons, certainty }: RightVerdict) =>
    reasons.includes(verdict.reason) && (certainty === 'likely' || verdict.certainty === 'certain')

  /** The time within which a verdict that acts has ended the driver. */
  const actsWithinMs = probeSlackMs + setup.graceMs + (setup.signalsReach ? 0 : 30_000)

  function checkAction({ verdict, action: now, restartState }: MonitorSnapshot, moment: Moment): void {
    if (now.kind !== action.kind) action = { kind: now.kind, sinceMs: moment.nowMs }
    if (verdict.kind !== 'hung' || shown === null || moment.isEnding) return
    const sinceMs = Math.max(shown.atMs, action.sinceMs, moment.calmSinceMs, moment.driver?.startMs ?? moment.nowMs)
    if (moment.nowMs - sinceMs < actsWithinMs) return
    const why = explainInaction(verdict, now, restartState.restarts.length)
    if (why !== null) report(`nothing ends the driver after ${verdict.reason}: ${why}; ${describe(moment)}`)
  }

  /** Null if it is right that the driver still runs. */
  function explainInaction(verdict: HungVerdict, chosen: HungAction, counted: number): string | null {
    switch (chosen.kind) {
      case 'none':
        return 'no action was chosen'
      case 'wait':
        return null
      case 'restart-all':
        return setup.restartsAllAt88 ? 'the sidecar has not exited' : null
      case 'fail':
        return setup.liveness ? 'the probe has not acted' : null
      case 'report':
        return mayReport(verdict, chosen.message, counted) ? null : `only reported: ${chosen.message}`
    }
  }

  function mayReport({ certainty }: HungVerdict, message: string, counted: number): boolean {
    if (onHung.kind === 'observe' || actOn === 'nothing') return true
    if (certainty === 'likely' && actOn !== 'likely') return true
    const max = onHung.budget?.maxRestarts ?? Number.POSITIVE_INFINITY
    return counted >= max || /committed its output|without a limit|start is not known/.test(message)
  }

  /**
   * The time goes on if the sidecar restarts, but only records show that the JVM is the same. The sidecar counts the time in which
   * it ran, so that the limit comes later if it was frozen or throttled.
   */
  function checkRunTime({ verdict }: MonitorSnapshot, moment: Moment & { driver: DriverContainer }): void {
    const { nowMs, driver, calmSinceMs, sidecarStartedMs } = moment
    const dueMs = nowMs - pollsMs - probeSlackMs
    if (!isOverdue(driver, dueMs) || calmSinceMs > driver.startMs || sidecarStartedMs > driver.startMs) return
    if (verdict.kind === 'alive') report(`the verdict max-run-time is missing: ${describe(moment)}`)
  }

  function checkHealthy(snapshot: MonitorSnapshot, phase: Phase, moment: Moment & { driver: DriverContainer }): void {
    const { nowMs, driver, calmSinceMs } = moment
    const answers = phase.ui.kind === 'serves' || phase.ui.kind === 'guarded'
    if (!answers || phase.right.length > 0 || isOverdue(driver, nowMs)) return
    const calmMs = nowMs - Math.max(driver.startMs + phase.fromMs, calmSinceMs)
    if (calmMs < pollsMs + probeSlackMs) return
    const { verdict } = snapshot
    if (verdict.kind !== 'alive') report(`the verdict about a healthy driver is ${verdict.kind}: ${describe(moment)}`)
    else if (setup.startupProbe !== 'none' && !moment.isReady) report(`not Ready: ${describe(moment)}`)
  }

  return {
    problems,
    report,
    restarts: () => restarts,
    onStep(snapshot, moment) {
      checkVerdict(snapshot, moment)
      const { driver } = moment
      if (driver === null || moment.isEnding) return
      const phase = driver.phase(moment.nowMs)
      checkMissed(snapshot, phase, { ...moment, driver })
      checkAction(snapshot, moment)
      checkHealthy(snapshot, phase, { ...moment, driver })
      checkRunTime(snapshot, { ...moment, driver })
    },
    onHungFile(text, { driver, nowMs, isEnding }) {
      if (text === null) {
        hungFile = null
        return
      }
      const [about = ''] = text.split('\n')
      hungFile = { about, driver }
      const namesOther = driver !== null && about !== anyDriver && about !== driver.startTicks
      if (namesOther && !isEnding && nowMs - driver.startMs > probeSlackMs)
        report(`the file hung names a driver that has ended: ${describe({ nowMs, driver })}`)
    },
    onKill(driver, cause, nowMs) {
      const phase = driver.phase(nowMs)
      killed = driver
      if (cause !== 'restart of all containers' && hungFile?.driver !== driver)
        report(`killed for a verdict about another life: ${describe({ driver, nowMs })}`)
      if (isOverdue(driver, nowMs)) return
      if (
        isEverRight(driver, nowMs, actOn === 'likely', { recentMs: pollsMs + probeSlackMs, slackMs: timeoutMs + 1_000 })
      )
        return
      report(`killed by ${cause}, although healthy: ${describe({ driver, nowMs })}, in ${phase.name}`)
    },
    onDriverStart(driver, after, nowMs) {
      if (after?.cause === 'restart before its start') restarts += 1
      if (killed === null || after === null || after.cause === 'itself') {
        if (killed === null && after !== null && after.cause === 'restart of all containers')
          report(`all containers were restarted after the driver had ended by itself with ${after.code}`)
        return
      }
      restarts += 1
      restarted.push({ atMs: nowMs, skewMs: wallSkewMs() })
      const closedMs = killed.life.phases.findLast(({ ui }) => ui.kind !== 'closed')
      const last = killed.life.phases.at(-1)
      const wasClosed =
        last?.ui.kind === 'closed' &&
        closedMs !== undefined &&
        nowMs - killed.startMs > last.fromMs + setup.graceMs + 60_000
      if (wasClosed) report(`run again after its UI had closed: ${killed.life.story}, as ${driver.life.story}`)
      killed = null
      checkBudget(nowMs)
    },
  }

  function checkBudget(nowMs: number): void {
    const { budget } = onHung
    if (budget === null || budget.maxRestarts === null) return
    const { windowMs, maxRestarts } = budget
    const spanMs = (windowMs ?? Number.POSITIVE_INFINITY) - probeSlackMs - setup.graceMs
    // A sidecar that starts after a step of the wall clock knows no other time.
    const counted = restarted.filter(
      ({ atMs, skewMs }) => nowMs - atMs < spanMs && nowMs + wallSkewMs() - atMs - skewMs < spanMs,
    )
    if (counted.length > maxRestarts) report(`restarted ${counted.length} times, at most ${maxRestarts} are allowed`)
  }
}

/** Whether an action on the driver was right at some time in the last `recentMs`. */
function isEverRight(
  { life, startMs }: DriverContainer,
  nowMs: number,
  likelyActs: boolean,
  { recentMs, slackMs }: { readonly recentMs: number; readonly slackMs: number },
): boolean {
  return life.phases.some(({ fromMs, right }, index) => {
    const beganMs = startMs + fromMs
    const endedMs = startMs + (life.phases[index + 1]?.fromMs ?? Number.POSITIVE_INFINITY)
    if (beganMs > nowMs || endedMs < nowMs - recentMs) return false
    return right.some(
      ({ certainty, afterMs }) => (certainty === 'certain' || likelyActs) && nowMs - beganMs >= afterMs - slackMs,
    )
  })
}
