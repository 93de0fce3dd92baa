import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Probe } from '../../../core/kubernetes/pod.ts'
import { type Node, onThisMachine } from './node.ts'

/** Runs one probe once, as the kubelet does: true when it passes. */
export async function probeOnce(probe: Probe, node: Node): Promise<boolean> {
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1_000
  if (probe.exec !== undefined) return probeExec(probe.exec.command, node, timeoutMs)
  if (probe.httpGet !== undefined) return probeHttp(probe.httpGet, node, timeoutMs)
  throw new Error(`unsupported probe: ${JSON.stringify(probe)}`)
}

function probeExec(command: readonly string[], node: Node, timeoutMs: number): Promise<boolean> {
  const [file = '', ...args] = command.map((part) => onThisMachine(node, part))
  const child = spawn(file, args, { stdio: 'ignore', timeout: timeoutMs, killSignal: 'SIGKILL' })
  return new Promise((resolve) => {
    child.once('error', () => resolve(false))
    child.once('exit', (code) => resolve(code === 0))
  })
}

/** Any status from 200 to 399 passes; a refused connection fails. */
async function probeHttp(
  { path, port, scheme = 'HTTP' }: NonNullable<Probe['httpGet']>,
  node: Node,
  timeoutMs: number,
): Promise<boolean> {
  const url = `${scheme.toLowerCase()}://127.0.0.1:${node.ports[port] ?? port}${path}`
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs), redirect: 'manual' })
    await response.body?.cancel()
    return response.status >= 200 && response.status < 400
  } catch {
    return false
  }
}

/**
 * Runs the probe periodically until `stop` aborts and calls `changed` with each change of its result: one success passes,
 * `failureThreshold` consecutive failures fail. `initial` is the result before the first run, if any.
 */
export async function watchProbe(
  probe: Probe,
  node: Node,
  initial: boolean | undefined,
  stop: AbortSignal,
  changed: (passes: boolean) => void,
): Promise<void> {
  let failures = 0
  let result = initial
  try {
    await sleep((probe.initialDelaySeconds ?? 0) * 1_000, undefined, { signal: stop })
    while (!stop.aborted) {
      const passes = await probeOnce(probe, node)
      if (stop.aborted) return
      failures = passes ? 0 : failures + 1
      const next = nextResult(passes, failures, probe, result)
      if (next !== undefined && next !== result) changed(next)
      result = next
      await sleep((probe.periodSeconds ?? 10) * 1_000, undefined, { signal: stop })
    }
  } catch (error) {
    if (!stop.aborted) throw error
  }
}

/** The kubelet's view after one run of a probe: it keeps the previous result until enough runs have failed. */
function nextResult(passes: boolean, failures: number, probe: Probe, previous: boolean | undefined) {
  if (passes) return true
  return failures >= (probe.failureThreshold ?? 3) ? false : previous
}
