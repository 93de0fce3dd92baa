import { restartAllContainersExitCode } from '../../../core/contract/pod-contract.ts'
import {
  crashLoopReason,
  creatingReasons,
  imageReasons,
  restartingReason,
  runtimeErrorReasons,
  unusableImageReasons,
} from '../../../core/contract/waiting-reasons.ts'
import { type Driver, hasEnded } from '../driver/driver.ts'

/** How the sidecar blocks the startup of its driver. */
export interface StartupBlock {
  readonly reason: string
  readonly detail: string
  /** How long after its first sign the block is acted on, so that transient failures can recover by themselves. */
  readonly patienceMs: number
  /** Whether the image is the cause, and nothing else that the pod's owner may have configured. */
  readonly blamesImage: boolean
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
    const blamesImage = isImageBlamed(state.reason, state.message)
    return {
      reason: state.reason,
      detail: endDetail(state.exitCode, state.message),
      patienceMs: passingMs,
      blamesImage,
    }
  }
  if (creatingReasons.includes(state.reason)) {
    if (!sidecar.due) return undefined
    const detail = `not there ${slowMs / 1000} s after its turn came`
    return { reason: slowReason, detail, patienceMs: slowMs, blamesImage: false }
  }
  // Both containers show this reason briefly during a restart in place, so the driver's reason is not harmless either.
  if (state.reason === restartingReason) return undefined
  const patienceMs = isUnusableImage(state.reason) ? 0 : passingMs
  return {
    reason: state.reason,
    detail: state.message,
    patienceMs,
    blamesImage: isImageBlamed(state.reason, state.message),
  }
}

/** The recorded reason of a bypass because the image has no program that can be run. */
const notExecutable = 'ImageNotExecutable'

/** Reasons of a kubelet's retries of a pull since Kubernetes 1.29, in addition to {@link imageReasons}. */
const laterImageReasons: readonly string[] = ['RegistryUnavailable', 'SignatureValidationFailed']

/** Reasons of the kubelet and of container runtimes for a container that could not be created or run. */
const runtimeReasons: readonly string[] = [...runtimeErrorReasons, 'StartError', 'ContainerCannotRun', crashLoopReason]

/** What runc, crun and the kernel report about a program that the image lacks, or that is for another architecture. */
const programMissing =
  /exec format error|exec:? "?\S+"?: (stat \S+: no such file or directory|executable file not found)/

/** A mount that fails, for example, is not the image's fault: the message must be about the program. */
const isImageBlamed = (reason: string, message: string) =>
  isImageFailure(reason) || (runtimeReasons.includes(reason) && programMissing.test(message))

/** Whether the recorded reason of a bypass is about the image. */
export const isImageFailure = (reason: string): boolean =>
  reason === notExecutable || imageReasons.includes(reason) || laterImageReasons.includes(reason)

/** The reason that a bypass records: without the message, a reason of the container runtime would not name the cause. */
export const formatBypassReason = ({ reason, blamesImage }: Pick<StartupBlock, 'reason' | 'blamesImage'>): string =>
  blamesImage && !isImageFailure(reason) ? notExecutable : reason

const endDetail = (exitCode: number, message: string) =>
  message === '' ? `exit code ${exitCode}` : `exit code ${exitCode}: ${message}`

/** A retry cannot change that. */
const isUnusableImage = (reason: string) => unusableImageReasons.some((unusable) => unusable === reason)
