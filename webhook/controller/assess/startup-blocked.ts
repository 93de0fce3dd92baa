import { restartAllContainersExitCode } from '../../../core/contract/pod-contract.ts'
import { type Driver, hasEnded } from '../driver/driver.ts'

/** How our sidecar holds its driver back. */
export interface StartupBlock {
  readonly reason: string
  readonly detail: string
  /** So long after its first sign it is acted on: what heals by itself within that is left to. */
  readonly patienceMs: number
}

/** A kubelet pulls and creates again after 10 seconds, which often mends it. */
const passingMs = 15_000

/** A pull that takes longer than this is not waited for. */
const slowMs = 120_000

/** The reason of one that shows nothing wrong, but for the time it takes. */
export const slowReasons = 'Slow'

/** What no other try can mend. */
const lasting = ['InvalidImageName', 'ErrImageNeverPull']

/** What a kubelet says of a container that nothing is wrong with yet. */
const innocent = ['', 'PodInitializing', 'ContainerCreating']

/**
 * Whether the driver cannot start because of our sidecar; undefined when it can, or other things are in its way. A
 * native sidecar holds the driver back until it was seen to run once (computeInitContainerActions of the kubelet's
 * kuberuntime_container.go); one that ran and ended does not. Reasons are the kubelet's, and a runtime has its own
 * besides: whatever is not innocent counts.
 */
export function findBlockingSidecar(driver: Driver): StartupBlock | undefined {
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
    if (!sidecar.due) return undefined
    return { reason: slowReasons, detail: `not there ${slowMs / 1000} s after its turn came`, patienceMs: slowMs }
  }
  // For a moment of a restart in place; both containers say so, and the driver's reason is not innocent either.
  if (state.reason === 'RestartingAllContainers') return undefined
  const patienceMs = lasting.includes(state.reason) ? 0 : passingMs
  return { reason: state.reason, detail: state.message, patienceMs }
}

const endDetail = (exitCode: number, message: string) =>
  message === '' ? `exit code ${exitCode}` : `exit code ${exitCode}: ${message}`
