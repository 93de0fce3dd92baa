/** Preloaded into the process under test: once a second, for how long at most its event loop was held up since the last time. */
import { monitorEventLoopDelay } from 'node:perf_hooks'

const resolutionMs = 5
const histogram = monitorEventLoopDelay({ resolution: resolutionMs })
histogram.enable()
setInterval(() => {
  const maxMs = Math.max(0, Math.round(histogram.max / 1e6) - resolutionMs)
  histogram.reset()
  process.stderr.write(`${JSON.stringify({ event: 'event-loop', time: new Date().toISOString(), maxMs })}\n`)
}, 1_000).unref()
