import { restartAllContainersExitCode } from '../../../core/contract/pod-contract.ts'
import { creatingReasons, restartingReason, unusableImageReasons } from '../../../core/contract/waiting-reasons.ts'
import { type Driver, hasEnded } from '../driver/driver.ts'

/** How the sidecar blocks the startup of its driver. */
export interface StartupBlock {
  readonly reason: string
  readonly detail: string
  /** How long after its first sign the block is acted on, so that transient failures can recover by themselves. */
  readonly patienceMs: number
}

/** A kubelet retries a pull or a creation after 10 seconds, which often succeeds. */
const passingMs = 15_000

/** A pull that takes longer than this counts as a block. */
const slowMs = 120_000

/** The reason of a block that shows no failure, only a long wait. */
export const slowReason = 'Slow'

/**
 * Finds out whether the sidecar keeps the driver from starting. Returns undefined if the driver can start, or if it waits
 * for something else. A native sidecar blocks the driver until it has run once (computeInitContainerActions of the
 * kubelet's kuberuntime_container.go); a sidecar that ran and ended does not. Container runtimes add reasons to the
 * kubelet's, so every reason that is not known to be harmless counts.
 */
export function findBlockingSidecar(driver: Driver): StartupBlock | undefined {
  const { sidecar } = driver
  if (sidecar === null || driver.deletionMs !== null || hasEnded(driver)) return undefined
  if (driver.driver.state.kind !== 'waiting' || !creatingReasons.includes(driver.driver.state.reason)) return undefined
  const { state } = sidecar
  // The sidecar runs, so the driver waits for something else.
  if (state.kind === 'running') return undefined
  if (state.kind === 'ended') {
    // All containers are being restarted.
    if (state.exitCode === restartAllContainersExitCode) return undefined
    return { reason: state.reason, detail: endDetail(state.exitCode, state.message), patienceMs: passingMs }
  }
  if (creatingReasons.includes(state.reason)) {
    if (!sidecar.due) return undefined
    return { reason: slowReason, detail: `not there ${slowMs / 1000} s after its turn came`, patienceMs: slowMs }
  }
  // Both containers show this reason briefly during a restart in place, so the driver's reason is not harmless either.
  if (state.reason === restartingReason) return undefined
  const patienceMs = isUnusableImage(state.reason) ? 0 : passingMs
  return { reason: state.reason, detail: state.message, patienceMs }
}

const endDetail = (exitCode: number, message: string) =>
  message === '' ? `exit code ${exitCode}` : `exit code ${exitCode}: ${message}`

/** A retry cannot change that. */
const isUnusableImage = (reason: string) => unusableImageReasons.some((unusable) => unusable === reason)
