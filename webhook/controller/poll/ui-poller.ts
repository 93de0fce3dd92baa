import pLimit from 'p-limit'
import { createJudgement, type Judgement, judge, nextPollDelayMs } from '../../../core/verdict/verdict.ts'
import type { UiClient } from '../../../spark-ui/ui-client.ts'
import type { Driver } from '../driver/driver.ts'

/** How one driver's UI is asked, over the network. Times in milliseconds. */
export interface PollPolicy {
  readonly scheme: 'http' | 'https'
  readonly port: number
  readonly intervalMs: number
  readonly timeoutMs: number
  readonly failureThreshold: number
  readonly startupDeadlineMs: number
  readonly stopDeadlineMs: number
}

export interface UiPollerDeps {
  readonly prober: Pick<UiClient, 'poll'>
  /** Of a clock that no one sets. */
  monotonicMs(): number
  sleep(ms: number, signal: AbortSignal): Promise<void>
  random(): number
  /** After each poll. */
  polled(driver: Driver, judgement: Judgement, tookMs: number): void
}

/** Asks the Spark UIs of drivers that have no sidecar, as a sidecar would, by the same judge. */
export interface UiPoller {
  /** Begins to ask this driver, or goes on with what is known of it now. Not before it is as old as `notBeforeMs`. */
  start(driver: Driver, policy: PollPolicy, delayMs: number): void
  forget(uid: string): void
  judgement(uid: string): Judgement | undefined
  /** Of those that `of` picks and that have ever answered. */
  summarize(of?: (driver: Driver) => boolean): PollSummary
}

/** Drivers whose health is known in one way. */
export interface PollSummary {
  readonly known: number
  /** The uids of their pods. */
  readonly unhealthy: ReadonlySet<string>
}

/** What is asked of at a time; a hung one takes all of its timeout. */
const maxAtOnce = 256

interface Poll {
  driver: Driver
  policy: PollPolicy
  judgement: Judgement
  readonly stop: AbortController
}

export function createUiPoller(edges: UiPollerDeps, signal: AbortSignal): UiPoller {
  const polls = new Map<string, Poll>()
  const limit = pLimit(maxAtOnce)

  const run = async (poll: Poll, delayMs: number): Promise<void> => {
    const aborted = AbortSignal.any([signal, poll.stop.signal])
    await edges.sleep(delayMs, aborted)
    while (!aborted.aborted) {
      const { sample, policy, tookMs } = await limit(async () => {
        const startedMs = edges.monotonicMs()
        const { driver, policy } = poll
        const address = { scheme: policy.scheme, host: driver.podIp ?? '', port: policy.port }
        const { sample } = await edges.prober.poll(address, driver.applicationId, policy.timeoutMs)
        return { sample, policy, tookMs: edges.monotonicMs() - startedMs }
      })
      if (aborted.aborted) return
      poll.judgement = judge(poll.judgement, sample, { ...policy, stallDeadlineMs: null }, edges.monotonicMs())
      edges.polled(poll.driver, poll.judgement, tookMs)
      await edges.sleep(nextPollDelayMs(sample, policy), aborted)
    }
  }

  return {
    start: (driver, policy, delayMs) => {
      const known = polls.get(driver.uid)
      if (known !== undefined && isSameRun(known.driver, driver)) {
        known.driver = driver
        known.policy = policy
        return
      }
      known?.stop.abort()
      const stop = new AbortController()
      const poll: Poll = { driver, policy, judgement: createJudgement(edges.monotonicMs()), stop }
      polls.set(driver.uid, poll)
      // Not all at once after a start.
      void run(poll, delayMs + edges.random() * policy.intervalMs)
    },
    forget: (uid) => {
      polls.get(uid)?.stop.abort()
      polls.delete(uid)
    },
    judgement: (uid) => polls.get(uid)?.judgement,
    summarize: (of = () => true) => {
      let known = 0
      const unhealthy = new Set<string>()
      for (const { driver, judgement } of polls.values()) {
        if (!judgement.answered || !of(driver)) continue
        known += 1
        if (isUnhealthy(judgement)) unhealthy.add(driver.uid)
      }
      return { known, unhealthy }
    },
  }
}

/** A closed port does not count, because the driver may be finishing. */
function isUnhealthy({ verdict }: Judgement): boolean {
  return verdict.kind === 'failing' || (verdict.kind === 'hung' && verdict.reason === 'unresponsive')
}

/** The same start of the same container, at the same address. */
function isSameRun(a: Driver, b: Driver): boolean {
  const startedMs = ({ driver }: Driver) => (driver.state.kind === 'running' ? driver.state.startedMs : null)
  return a.podIp === b.podIp && startedMs(a) === startedMs(b)
}
