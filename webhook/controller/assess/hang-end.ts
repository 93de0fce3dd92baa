import { endedByProbeExitCode, restartAllContainersExitCode } from '../../../core/contract/pod-contract.ts'
import { hungReasons } from '../../../core/verdict/verdict.ts'
import type { ContainerEnd, Driver } from '../driver/driver.ts'

/** The end of a driver that spark-nanny ended in its pod because the driver hung. */
export interface HangEnd {
  /** The reason as the probe or the sidecar wrote it. Empty if Kubernetes did not keep it. */
  readonly message: string
  readonly finishedMs: number
}

/**
 * The latest end of this driver that its probe or its sidecar caused, if the pod still shows it. The probe leaves the exit
 * code 142 and the reason in the driver's container. The sidecar's message is lost once all containers have restarted.
 */
export function findHangEnd(driver: Driver): HangEnd | undefined {
  const { state, last } = driver.driver
  const byProbe = [state.kind === 'ended' ? state : null, last].find(isEndedByProbe)
  return toHangEnd(byProbe) ?? findEndBySidecar(driver)
}

/**
 * Whether the probe ended the container because the driver hung. The exit code alone does not prove it: a Python program that
 * its own `signal.alarm` has ended leaves the same one.
 */
export const isEndedByProbe = (end: ContainerEnd | null | undefined): boolean =>
  end?.exitCode === endedByProbeExitCode && isHangMessage(end.message)

const hangMessage = new RegExp(`^(${hungReasons.join('|')}): `, 'm')

/** Whether a termination message gives the reason of a hang. Its end may be cut off, but never its start. */
export const isHangMessage = (message: string): boolean => hangMessage.test(message)

/** The sidecar has exited because of its verdict, and the driver that it was about no longer runs. */
function findEndBySidecar({ driver, sidecar }: Driver): HangEnd | undefined {
  if (sidecar?.state.kind !== 'ended') return undefined
  const end = toHangEnd(sidecar.state)
  if (end === undefined || !(sidecar.state.exitCode === restartAllContainersExitCode || isHangMessage(end.message))) {
    return undefined
  }
  const stillRuns = driver.state.kind === 'running' && driver.state.startedMs < end.finishedMs
  return stillRuns ? undefined : end
}

function toHangEnd(end: ContainerEnd | null | undefined): HangEnd | undefined {
  if (end === null || end === undefined || end.finishedMs === null) return undefined
  return { message: end.message, finishedMs: end.finishedMs }
}
