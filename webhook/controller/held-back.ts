import { restartAllContainersExitCode } from '../../core/pod-contract.ts'
import { type DriverObservation, hasEnded } from './observation.ts'

/** How our sidecar holds its driver back. */
export interface HeldBack {
  readonly reason: string
  readonly detail: string
  /** So long after its first sign it is acted on: what heals by itself within that is left to. */
  readonly patienceMs: number
}

/** A kubelet pulls and creates again after 10 seconds, which often mends it. */
const passingMs = 15_000

/** A pull that takes longer than this is not waited for. */
const slowMs = 120_000

/** What no other try can mend. */
const lasting = ['InvalidImageName', 'ErrImageNeverPull']

/** What a kubelet says of a container that nothing is wrong with yet. */
const innocent = ['', 'PodInitializing', 'ContainerCreating', 'RestartingAllContainers']

/**
 * Whether the driver cannot start because of our sidecar; undefined when it can, or other things are in its way. A
 * native sidecar holds the driver back until it was seen to run once (computeInitContainerActions of the kubelet's
 * kuberuntime_container.go); one that ran and ended does not. Reasons are the kubelet's, and a runtime has its own
 * besides: whatever is not innocent counts.
 */
export function heldBack(driver: DriverObservation, nowMs: number): HeldBack | undefined {
  const { sidecar } = driver
  if (sidecar === null || driver.deletionMs !== null || hasEnded(driver)) return undefined
  if (driver.driver.state.kind !== 'waiting' || !innocent.includes(driver.driver.state.reason)) return undefined
  const { state } = sidecar
  // It runs: whatever the driver waits for, it is not the sidecar.
  if (state.kind === 'running') return undefined
  if (state.kind === 'ended') {
    // All containers are being restarted.
    if (state.exitCode === restartAllContainersExitCode) return undefined
    return { reason: state.reason, detail: endDetail(state.exitCode, state.message), patienceMs: passingMs }
  }
  if (innocent.includes(state.reason)) {
    const slow = sidecar.dueMs !== null && !hasRun(driver) && nowMs - sidecar.dueMs >= slowMs
    return slow
      ? { reason: 'Slow', detail: `not there ${Math.round(slowMs / 1000)} s after its turn came`, patienceMs: 0 }
      : undefined
  }
  const patienceMs = lasting.includes(state.reason) ? 0 : passingMs
  return { reason: state.reason, detail: state.message, patienceMs }
}

/** When one that shows nothing wrong yet would count as slow; null: it is not its turn. */
export function slowAtMs(driver: DriverObservation): number | null {
  const { sidecar } = driver
  const waits = sidecar?.state.kind === 'waiting' && driver.driver.state.kind === 'waiting'
  return waits && sidecar.dueMs !== null && !hasRun(driver) ? sidecar.dueMs + slowMs : null
}

/** The node has the image of what ran before; a restart in place shows both waiting for a moment, however old the pod is. */
const hasRun = ({ sidecar, driver }: DriverObservation): boolean =>
  [sidecar, driver].some(
    (container) =>
      container !== null &&
      (container.restarts > 0 ||
        container.last !== null ||
        (container.state.kind === 'waiting' && container.state.reason === 'RestartingAllContainers')),
  )

const endDetail = (exitCode: number, message: string) =>
  message === '' ? `exit code ${exitCode}` : `exit code ${exitCode}: ${message}`
