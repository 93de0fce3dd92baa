import { restartAllContainersExitCode } from '../../../core/contract/pod-contract.ts'
import type { Driver } from '../driver/driver.ts'

/** Longer than a kubelet waits before it starts a container for the fourth time (10, 20, 40, 80 s). */
const downAfterMs = 120_000
/** From this number of crashes on, the sidecar counts as crash-looping even while the kubelet backs off. */
const minCrashes = 5
/** A sidecar that has run for this long is not in a crash loop. */
const settledAfterMs = 60_000

/**
 * Whether the sidecar of a running driver is down for good, as far as the pod shows it. Its driver keeps running, because
 * there is no verdict file, but is not Ready and not monitored. A sidecar that the kubelet is restarting is not down, nor
 * is one that exited to restart all containers. `reassessAtMs`: when the result may change although the pod does not.
 */
export function checkSidecarCrashLoop(
  { driver, sidecar }: Driver,
  nowMs: number,
): { readonly isDown: boolean; readonly reassessAtMs: number | null } {
  if (sidecar === null || driver.state.kind !== 'running') return { isDown: false, reassessAtMs: null }
  const { state, last, restarts } = sidecar
  const end = state.kind === 'ended' ? state : last
  const forRestart = end?.exitCode === restartAllContainersExitCode
  // A restart of all containers counts for each of them.
  const isLooping = restarts - driver.restarts >= minCrashes && !forRestart && (end?.ranForMs ?? 0) < settledAfterMs
  if (state.kind === 'running') {
    const settledMs = state.startedMs + settledAfterMs
    return isLooping && nowMs < settledMs
      ? { isDown: true, reassessAtMs: settledMs }
      : { isDown: false, reassessAtMs: null }
  }
  if (isLooping) return { isDown: true, reassessAtMs: null }
  // If the kubelet does not act on this exit, findUnansweredExit reports it.
  if (state.kind === 'ended' && forRestart) return { isDown: false, reassessAtMs: null }
  const dueMs = Math.max(end?.finishedMs ?? 0, driver.state.startedMs) + downAfterMs
  return nowMs < dueMs ? { isDown: false, reassessAtMs: dueMs } : { isDown: true, reassessAtMs: null }
}
