import { toRecord } from '../../core/json.ts'
import { listField, textField } from './fields.ts'

/** What the sidecar's /status says; see sidecar/status.ts. */
export interface SidecarReport {
  readonly version: string | null
  readonly state: string
  readonly sinceMs: number | null
  readonly reason: string | null
  readonly detail: string | null
  readonly answered: boolean
  readonly restarts: number
}

export function parseSidecarReport(object: unknown): SidecarReport | undefined {
  const state = textField(object, 'state')
  if (state === null) return undefined
  const sinceMs = Date.parse(textField(object, 'since') ?? '')
  return {
    version: textField(object, 'version'),
    state,
    sinceMs: Number.isNaN(sinceMs) ? null : sinceMs,
    reason: textField(object, 'reason'),
    detail: textField(object, 'detail'),
    answered: toRecord(object).answered === true,
    restarts: listField(object, 'restarts').length,
  }
}
