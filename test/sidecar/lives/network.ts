import { applicationsPath } from '../../../core/spark/rest-api.ts'
import { isLate } from '../../../spark-ui/active-time.ts'
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
  /** By how much the sidecar's timers were late. */
  lagMs: number
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
    const exchange: Exchange = { options, startMs, timeoutMs, untilMs, container: options.driver(), lagMs: 0 }
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
  exchange.lagMs += time.nowMs() - beganMs - ms
}

/** The result, or undefined if the driver has not answered yet. */
async function advance(exchange: Exchange, path: string): Promise<UiResult | undefined> {
  const { options, untilMs, container } = exchange
  const nowMs = options.time.nowMs()
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
  if (nowMs >= untilMs) return fail(exchange, 'timeout')
  await pass(exchange, Math.min(retryMs, untilMs - nowMs))
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

function fail({ options, startMs, timeoutMs, lagMs }: Exchange, cause: 'reset' | 'timeout'): UiResult {
  const tookMs = options.time.nowMs() - startMs
  if (isLate(tookMs, timeoutMs) || isLate(timeoutMs + lagMs, timeoutMs)) {
    return { kind: 'inconclusive', detail: `late by ${Math.round(lagMs)} ms` }
  }
  return {
    kind: 'failed',
    cause,
    detail: cause === 'reset' ? 'ECONNRESET' : `no answer within ${timeoutMs} ms`,
    tookMs,
    connected: true,
  }
}
