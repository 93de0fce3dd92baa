/**
 * Preloaded into the process under test. Once a second it reports the longest delay of the event loop since the last
 * time: by the clock, which counts what other processes took of the core too, and in CPU time of the thread.
 */
const periodMs = 5

let [mostMs, mostCpuMs] = [0, 0]
let [beforeMs, beforeCpuMs] = [performance.now(), threadCpuMs()]
setInterval(() => {
  const [nowMs, nowCpuMs] = [performance.now(), threadCpuMs()]
  mostMs = Math.max(mostMs, nowMs - beforeMs - periodMs)
  mostCpuMs = Math.max(mostCpuMs, nowCpuMs - beforeCpuMs)
  ;[beforeMs, beforeCpuMs] = [nowMs, nowCpuMs]
}, periodMs).unref()
setInterval(() => {
  const line = { event: 'event-loop', time: new Date(), heldUpMs: Math.round(mostMs), cpuMs: Math.round(mostCpuMs) }
  process.stderr.write(`${JSON.stringify(line)}\n`)
  ;[mostMs, mostCpuMs] = [0, 0]
}, 1_000).unref()

function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1_000
}
