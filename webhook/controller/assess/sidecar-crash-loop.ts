import { restartAllContainersExitCode } from '../../../core/contract/pod-contract.ts'
import type { Driver } from '../driver/driver.ts'

/** Longer than a kubelet waits before it starts a container for the fourth time (10, 20, 40, 80 s). */
const downAfterMs = 120_000
/** Its crashes from which on a pause in between is no longer waited for. */
const crashesOfLoop = 5
/** What has run for so long does not keep crashing: one that loops is back then, and one that ended only then did not loop. */
const settledAfterMs = 60_000

/**
 * Whether the sidecar of a driver that runs is down for good, as far as its pod shows it, and when that may change though
 * nothing happens. Its driver goes on (no sidecar, no bad file), not Ready, and nobody watches it. A sidecar that is being
 * started again is not down, nor is one that has ended to have all containers restarted.
 */
export function isSidecarCrashLooping(
  { driver, sidecar }: Driver,
  nowMs: number,
): { readonly isDown: boolean; readonly againMs: number | null } {
  if (sidecar === null || driver.state.kind !== 'running') return { isDown: false, againMs: null }
  const { state, last, restarts } = sidecar
  const end = state.kind === 'ended' ? state : last
  const forRestart = end?.exitCode === restartAllContainersExitCode
  // A restart of all containers counts for each of them.
  const isLooping = restarts - driver.restarts >= crashesOfLoop && !forRestart && (end?.ranForMs ?? 0) < settledAfterMs
  if (state.kind === 'running') {
    const settledMs = state.startedMs + settledAfterMs
    return isLooping && nowMs < settledMs ? { isDown: true, againMs: settledMs } : { isDown: false, againMs: null }
  }
  if (isLooping) return { isDown: true, againMs: null }
  // That the kubelet does not act on it is a finding of its own.
  if (state.kind === 'ended' && forRestart) return { isDown: false, againMs: null }
  const dueMs = Math.max(end?.finishedMs ?? 0, driver.state.startedMs) + downAfterMs
  return nowMs < dueMs ? { isDown: false, againMs: dueMs } : { isDown: true, againMs: null }
}
