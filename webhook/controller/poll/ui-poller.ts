import { sidecarPort } from '../../../core/contract/pod-contract.ts'
import type { Deadlines } from '../../../core/settings/deadlines.ts'
import { countFromFirstAnswer, createJudgement, type Judgement, judge } from '../../../core/verdict/judge.ts'
import { nextPollDelayMs } from '../../../core/verdict/poll-run.ts'
import type { Sample } from '../../../core/verdict/witnesses.ts'
import type { UiRequest, UiResult } from '../../../spark-ui/http-get.ts'
import type { UiClient } from '../../../spark-ui/ui-client.ts'
import type { Driver } from '../driver/driver.ts'
import type { RequestLimit } from './request-limit.ts'

/** How the controller polls one driver's UI. */
export interface PollPolicy extends Deadlines {
  readonly scheme: 'http' | 'https'
  readonly port: number
  readonly intervalMs: number
}

export interface UiPollerDeps {
  readonly uiClient: Pick<UiClient, 'poll'>
  sendUiRequest(request: UiRequest): Promise<UiResult>
  /** A poll of a hung driver keeps its place for the whole timeout. */
  readonly requestLimit: RequestLimit
  /** Milliseconds of a monotonic clock. */
  monotonicMs(): number
  /** By the wall clock: the cluster's times are. */
  nowMs(): number
  sleep(ms: number, signal: AbortSignal): Promise<void>
  random(): number
  /** Called after each poll. */
  polled(driver: Driver, judgement: Judgement, tookMs: number): void
}

/** Polls the Spark UIs of drivers without a sidecar over the network, and judges them as a sidecar does. */
export interface UiPoller {
  /** Starts to poll after `delayMs`. If the driver is polled already, only its pod and the policy are updated. */
  start(driver: Driver, policy: PollPolicy, delayMs: number): void
  forget(uid: string): void
  judgement(uid: string): Judgement | undefined
  /**
   * Whether the network to the driver works, as far as the polls show it: the UI answers, or at least two polls of its silence
   * were connected. A JVM that stands still lets the kernel connect two before its accept queue is full, and a network that
   * fails during a poll cuts off one.
   */
  reaches(uid: string): boolean
  /** Undefined if the driver is not polled, or its UI is silent and nothing is known yet. */
  reach(uid: string): Reach | undefined
  /** Connects to the pod once more, if the UI is silent: meant for right before a deletion. Never rejects. */
  reachNow(uid: string): Promise<void>
  /**
   * Whether the UI has closed, or may have closed before this leader looked, and has not answered since. The driver may be
   * committing its output. Whatever opens the port next need not be the driver.
   */
  mayBeFinishing(uid: string): boolean
  /** The drivers whose UI has responded at least once. */
  answered(): Iterable<PolledDriver>
  /**
   * Whether a driver's pod responded at the last poll: its UI accepted the connection, or its kernel answered for another port.
   * Undefined if the driver is not polled.
   */
  connects(uid: string): boolean | undefined
}

/** What the polls have shown of one driver. */
export interface PolledDriver {
  readonly driver: Driver
  readonly isUnhealthy: boolean
  /** Whether the last poll established a connection, so that the network to the driver works. */
  readonly connects: boolean
}

/**
 * What the newest poll has reached. A connection to the UI's port does not prove that the driver was reached, because a proxy
 * in the pod, on its node or beside this process may have accepted it. `driver`: the UI answered or its port is closed, or it is
 * silent and the pod's kernel refused a connection to another port, which nothing serves. `proxy`: something accepted a
 * connection to that port. `nothing`: that connection got no answer, so that the network may be down.
 */
export type Reach = 'driver' | 'proxy' | 'nothing'

interface Poll {
  driver: Driver
  policy: PollPolicy
  judgement: Judgement
  /** When the UI first answered, by the monotonic clock; see {@link findFirstAnswer}. Null if it has not yet. */
  firstAnswerMs: number | null
  connects: boolean
  podResponds: boolean
  reach: Reach | undefined
  /** Whether the newest conclusive poll failed. */
  isSilent: boolean
  mayBeFinishing: boolean
  /** The polls in a row that were connected and got no good answer. */
  connectedFailures: number
  readonly stop: AbortController
}

const minConnectedFailures = 2

const nothingSeen = {
  firstAnswerMs: null,
  connects: true,
  podResponds: true,
  reach: undefined,
  isSilent: false,
  mayBeFinishing: false,
  connectedFailures: 0,
}

export function createUiPoller(deps: UiPollerDeps, signal: AbortSignal): UiPoller {
  const polls = new Map<string, Poll>()

  const run = async (poll: Poll, delayMs: number): Promise<void> => {
    const aborted = AbortSignal.any([signal, poll.stop.signal])
    await deps.sleep(delayMs, aborted)
    while (!aborted.aborted) {
      const sent = await deps.requestLimit.run(poll.driver.namespace, () => pollUi(poll, deps))
      const { sample, connected, reach, policy, tookMs } = sent
      if (aborted.aborted) return
      poll.connects = connected
      poll.podResponds = connected || reach !== 'nothing'
      observeReach(poll, sample, reach)
      poll.mayBeFinishing = mayBeFinishing(poll, sample)
      poll.connectedFailures = countConnectedFailures(poll.connectedFailures, sample, connected)
      poll.firstAnswerMs = findFirstAnswer(poll, sample, deps)
      const { judgement, firstAnswerMs } = poll
      const known = firstAnswerMs === null ? judgement : countFromFirstAnswer(judgement, firstAnswerMs)
      poll.judgement = judge(known, { ui: sample }, policy, deps.monotonicMs())
      deps.polled(poll.driver, poll.judgement, tookMs)
      await deps.sleep(nextPollDelayMs(sample, policy), aborted)
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
      const mayHaveClosedUi = isPolledLate(driver, delayMs, deps)
      const judgement = createJudgement(deps.monotonicMs(), { mayHaveClosedUi })
      const poll: Poll = { driver, policy, judgement, ...nothingSeen, stop }
      polls.set(driver.uid, poll)
      // A random delay spreads the polls after a start of the controller.
      void run(poll, delayMs + deps.random() * policy.intervalMs)
    },
    forget: (uid) => {
      polls.get(uid)?.stop.abort()
      polls.delete(uid)
    },
    connects: (uid) => polls.get(uid)?.podResponds,
    reach: (uid) => polls.get(uid)?.reach,
    reachNow: async (uid) => {
      const poll = polls.get(uid)
      if (poll?.isSilent !== true) return
      const reach = await deps.requestLimit.run(poll.driver.namespace, () => reachPod(poll.driver, deps))
      // The UI may have answered meanwhile.
      if (poll.isSilent) poll.reach = reach
    },
    mayBeFinishing: (uid) => polls.get(uid)?.mayBeFinishing === true,
    judgement: (uid) => polls.get(uid)?.judgement,
    reaches: (uid) => {
      const poll = polls.get(uid)
      if (poll === undefined) return false
      return poll.connectedFailures >= minConnectedFailures || (poll.connects && poll.connectedFailures === 0)
    },
    *answered() {
      for (const { driver, judgement, connects } of polls.values()) {
        if (judgement.answered) yield { driver, isUnhealthy: isUnhealthy(judgement), connects }
      }
    },
  }
}

/** Polls with the policy of this moment, which may change meanwhile. */
async function pollUi(
  { driver, policy }: Poll,
  deps: Pick<UiPollerDeps, 'uiClient' | 'sendUiRequest' | 'monotonicMs'>,
) {
  const startedMs = deps.monotonicMs()
  const address = { scheme: policy.scheme, host: driver.podIp ?? '', port: policy.port }
  const { sample, connected } = await deps.uiClient.poll(address, driver.applicationId, policy.timeoutMs)
  const tookMs = deps.monotonicMs() - startedMs
  const isReached = connected && sample.kind !== 'failing'
  return { sample, connected, reach: isReached ? 'driver' : await reachPod(driver, deps), policy, tookMs } as const
}

/** A poll that the controller itself delayed shows nothing. */
function observeReach(poll: Poll, sample: Sample, reach: Reach): void {
  if (sample.kind === 'inconclusive') return
  poll.isSilent = sample.kind === 'failing'
  poll.reach = reach
}

/** Until the UI answers again: a UI that closed and then is silent may be another program's. */
function mayBeFinishing({ mayBeFinishing, judgement }: Poll, sample: Sample): boolean {
  if (sample.kind === 'alive') return false
  return mayBeFinishing || (sample.kind === 'refused' && (judgement.answered || judgement.mayHaveClosedUi))
}

/** A driver is polled from its first minute on, at a random time within an interval. */
const firstMinutesMs = 180_000

/** Whether the driver may have done its work, and closed its UI, before its first poll: as when another leader polled it. */
function isPolledLate({ driver: { state } }: Driver, delayMs: number, { nowMs }: Pick<UiPollerDeps, 'nowMs'>): boolean {
  return state.kind === 'running' && nowMs() + delayMs - state.startedMs > firstMinutesMs
}

/** A poll that the controller itself delayed neither continues nor ends a silence. */
function countConnectedFailures(before: number, sample: Sample, connected: boolean): number {
  if (sample.kind === 'failing') return connected ? before + 1 : before
  return sample.kind === 'inconclusive' ? before : 0
}

const reachTimeoutMs = 2_000

/**
 * What a connection to a port reaches that nothing in the pod serves, because it has no sidecar, or one that is down. The
 * accept queue of a hung driver is full after two polls, because Spark makes it that short, and then the kernel drops each SYN.
 * For another port of the same address, even a closed one, the kernel of the pod answers at once. Without this, one tenant with
 * a few silent UIs would make each hang in another namespace look like a fault of the network. And only the kernel refuses: a
 * proxy of any mesh accepts first.
 */
async function reachPod({ podIp }: Driver, deps: Pick<UiPollerDeps, 'sendUiRequest'>): Promise<Reach> {
  const address = { scheme: 'http', host: podIp ?? '', port: sidecarPort } as const
  const result = await deps.sendUiRequest({ address, path: '/livez', timeoutMs: reachTimeoutMs, maxBodyBytes: 1_024 })
  switch (result.kind) {
    case 'refused':
      return 'driver'
    case 'response':
      return 'proxy'
    case 'failed':
      return result.connected ? 'proxy' : 'nothing'
    case 'inconclusive':
      return 'nothing'
  }
}

/**
 * When the UI of this run of the container first answered: `max-run-time` counts from there. A leader that finds it answering at
 * its first poll has not seen that. It then takes the latest time at which a driver that started within its startup deadline
 * answers, so that a new leader neither begins to count again nor ends a driver too soon.
 */
function findFirstAnswer(
  { driver, policy, judgement, firstAnswerMs }: Poll,
  sample: Sample,
  { monotonicMs, nowMs }: Pick<UiPollerDeps, 'monotonicMs' | 'nowMs'>,
): number | null {
  if (firstAnswerMs !== null || sample.kind !== 'alive') return firstAnswerMs
  const { state } = driver.driver
  if (judgement.run.kind !== 'none' || state.kind !== 'running') return monotonicMs()
  return monotonicMs() - Math.max(0, nowMs() - (state.startedMs + policy.startupDeadlineMs))
}

/** A closed port does not count, because the driver may be finishing. */
function isUnhealthy({ verdict }: Judgement): boolean {
  return verdict.kind === 'failing' || (verdict.kind === 'hung' && verdict.reason === 'unresponsive')
}

/** Whether both describe the same run of the container, at the same address. */
function isSameRun(a: Driver, b: Driver): boolean {
  const startedMs = ({ driver }: Driver) => (driver.state.kind === 'running' ? driver.state.startedMs : null)
  return a.podIp === b.podIp && startedMs(a) === startedMs(b)
}
