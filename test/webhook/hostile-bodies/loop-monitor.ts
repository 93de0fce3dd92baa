/**
 * Loaded into the webhook's process by `--import`: measures how long its event loop is held, and answers each message of the
 * parent process with a {@link LoopReport}.
 */
import { createHistogram, monitorEventLoopDelay } from 'node:perf_hooks'

/** All in milliseconds. */
export interface LoopReport {
  /** The CPU time that the main thread used between two turns of the event loop. Other processes do not change it. */
  readonly cpuP999: number
  readonly cpuMax: number
  /** The delay of the event loop, which depends on what else the machine does. */
  readonly delayP999: number
  readonly delayMax: number
  readonly turns: number
  readonly residentMb: number
}

const delays = monitorEventLoopDelay({ resolution: 5 })
const turns = createHistogram()
let beforeUs = threadCpuUs()

function threadCpuUs(): number {
  const { user, system } = process.threadCpuUsage()
  return user + system
}

/** What was measured since the last report. */
function reportLoop(): LoopReport {
  const report = {
    cpuP999: turns.percentile(99.9) / 1_000,
    cpuMax: turns.max / 1_000,
    delayP999: delays.percentile(99.9) / 1e6,
    delayMax: delays.max / 1e6,
    turns: turns.count,
    residentMb: process.memoryUsage.rss() / 1024 ** 2,
  }
  delays.reset()
  turns.reset()
  return report
}

delays.enable()
setInterval(() => {
  const nowUs = threadCpuUs()
  turns.record(Math.max(1, Math.round(nowUs - beforeUs)))
  beforeUs = nowUs
}, 5).unref()
process.on('message', () => process.send?.(reportLoop()))
