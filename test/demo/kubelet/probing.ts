import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Probe } from '../../../core/kubernetes/pod.ts'
import { type Node, onThisMachine } from './node.ts'

/** Runs one probe once, as the kubelet does: true when it passes. */
export async function probeOnce(probe: Probe, node: Node): Promise<boolean> {
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1_000
  if (probe.exec !== undefined) return probeExec(probe.exec.command, node, timeoutMs)
  if (probe.httpGet !== undefined) return probeHttp(probe.httpGet, node, timeoutMs)
  throw new Error(`a probe that the stand-in does not know: ${JSON.stringify(probe)}`)
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
 * Probes again and again until `stop` aborts, and tells each change of what the kubelet believes: it takes
 * `failureThreshold` failures in a row to believe the bad, one success to believe the good. `believed` is what it
 * believes at first, if anything.
 */
export async function watchProbe(
  probe: Probe,
  node: Node,
  believed: boolean | undefined,
  stop: AbortSignal,
  changed: (passes: boolean) => void,
): Promise<void> {
  let failures = 0
  let belief = believed
  try {
    await sleep((probe.initialDelaySeconds ?? 0) * 1_000, undefined, { signal: stop })
    while (!stop.aborted) {
      const passes = await probeOnce(probe, node)
      if (stop.aborted) return
      failures = passes ? 0 : failures + 1
      const next = passes ? true : failures >= (probe.failureThreshold ?? 3) ? false : belief
      if (next !== undefined && next !== belief) changed(next)
      belief = next
      await sleep((probe.periodSeconds ?? 10) * 1_000, undefined, { signal: stop })
    }
  } catch (error) {
    if (!stop.aborted) throw error
  }
}
