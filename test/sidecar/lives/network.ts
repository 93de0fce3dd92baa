import { applicationsPath } from '../../../core/spark/rest-api.ts'
import { decideWait, isLongPause } from '../../../spark-ui/active-time.ts'
import type { UiRequest, UiResult } from '../../../spark-ui/http-get.ts'
import type { DriverContainer, Reply } from './driver-container.ts'
import type { VirtualTime } from './virtual-time.ts'

export interface NetworkOptions {
  readonly time: VirtualTime
  /** The container of the driver; null while none runs. */
  readonly driver: () => DriverContainer | null
  /** Sleeps like a timer of the sidecar, which may be late. */
  readonly sleep: (ms: number) => Promise<void>
}

/** A request that is under way. */
interface Exchange {
  readonly options: NetworkOptions
  readonly startMs: number
  readonly timeoutMs: number
  readonly untilMs: number
  readonly container: DriverContainer | null
  /** By how much the sidecar's timers were late, in all and at the most. */
  lagMs: number
  longestPauseMs: number
}

const retryMs = 500
const resetMs = 20

/**
 * The network between the sidecar and its driver, as spark-ui/http-get.ts would report it. A reading after a poll has the
 * rest of the poll's timeout: the poller measures that by the machine's clock, which stands still here.
 */
export function createNetwork(
  options: NetworkOptions,
  readings: 'after a poll' | 'alone',
): (request: UiRequest) => Promise<UiResult> {
  let pollBeganMs = 0
  return async ({ address, path, timeoutMs }) => {
    if (address.port !== 4040 || address.host !== '127.0.0.1') return { kind: 'refused' }
    const startMs = options.time.nowMs()
    if (path === applicationsPath || readings === 'alone') pollBeganMs = startMs
    const untilMs = pollBeganMs + timeoutMs
    const exchange: Exchange = {
      options,
      startMs,
      timeoutMs,
      untilMs,
      container: options.driver(),
      lagMs: 0,
      longestPauseMs: 0,
    }
    for (;;) {
      const result = await advance(exchange, path)
      if (result !== undefined) return result
    }
  }
}

async function pass(exchange: Exchange, ms: number): Promise<void> {
  const { time, sleep } = exchange.options
  const beganMs = time.nowMs()
  await sleep(ms)
  const lateMs = time.nowMs() - beganMs - ms
  exchange.lagMs += lateMs
  exchange.longestPauseMs = Math.max(exchange.longestPauseMs, lateMs)
}

/** The result, or undefined if the driver has not answered yet. */
async function advance(exchange: Exchange, path: string): Promise<UiResult | undefined> {
  const { options, timeoutMs, container, lagMs } = exchange
  const nowMs = options.time.nowMs()
  // The time in which the sidecar did not run is added to the timeout.
  const untilMs = exchange.untilMs + lagMs
  const reply = replyOf(exchange, path)
  switch (reply.kind) {
    case 'refuses':
      await pass(exchange, 1)
      return { kind: 'refused' }
    case 'resets':
      await pass(exchange, resetMs)
      return fail(exchange, 'reset')
    case 'answers': {
      if (nowMs + reply.afterMs > untilMs) break
      await pass(exchange, reply.afterMs)
      return options.driver() === container ? respond(exchange, reply) : undefined
    }
    case 'is-silent':
  }
  const decision = decideWait(nowMs - (exchange.untilMs - timeoutMs), lagMs, timeoutMs)
  if (decision.kind === 'inconclusive') return createLateResult(lagMs)
  if (decision.kind === 'timed-out') return fail(exchange, 'timeout')
  await pass(exchange, Math.min(retryMs, decision.forMs))
  return undefined
}

/** The port of a container that has ended resets its connections. */
function replyOf({ options, container }: Exchange, path: string): Reply {
  if (options.driver() !== container) return { kind: 'resets' }
  return container?.reply(path, options.time.nowMs()) ?? { kind: 'refuses' }
}

function respond(
  { options, startMs }: Exchange,
  { statusCode, body, bytes }: Extract<Reply, { kind: 'answers' }>,
): UiResult {
  return {
    kind: 'response',
    response: { statusCode, body, location: statusCode === 302 ? '/login' : undefined },
    tookMs: options.time.nowMs() - startMs,
    bytes,
    isTruncated: false,
  }
}

function fail(exchange: Exchange, cause: 'reset' | 'timeout'): UiResult {
  const { options, startMs, timeoutMs, lagMs, longestPauseMs } = exchange
  const elapsedMs = options.time.nowMs() - startMs
  if (cause === 'reset' && isLongPause(longestPauseMs, timeoutMs)) return createLateResult(longestPauseMs)
  return {
    kind: 'failed',
    cause,
    detail: cause === 'reset' ? 'ECONNRESET' : `no answer within ${timeoutMs} ms`,
    tookMs: cause === 'reset' ? elapsedMs : elapsedMs - lagMs,
    connected: true,
  }
}

const createLateResult = (lagMs: number): UiResult => ({
  kind: 'inconclusive',
  detail: `late by ${Math.round(lagMs)} ms`,
})
