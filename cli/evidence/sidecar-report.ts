import { parseSidecarStatus, type SidecarStatus } from '../../core/contract/sidecar-status.ts'

/** What the sidecar reported about its driver. */
export interface SidecarReport
  extends Pick<SidecarStatus, 'version' | 'state' | 'sinceMs' | 'reason' | 'detail' | 'answered'> {
  /** Number of the latest restarts in place, at most 20. */
  readonly restarts: number
  /** The thread and frame that most likely explain the latest doubt. Null if the sidecar recorded none. */
  readonly topFrame: string | null
}

/** Reads the JSON value of `/status`. Returns undefined if the value is not the status of a sidecar. */
export function parseSidecarReport(object: unknown): SidecarReport | undefined {
  const status = parseSidecarStatus(object)
  if (status === undefined) return undefined
  const { version, state, sinceMs, reason, detail, answered, restarts, blackBoxes } = status
  const topFrame = blackBoxes[0]?.topFrame ?? null
  return { version, state, sinceMs, reason, detail, answered, restarts: restarts.length, topFrame }
}
