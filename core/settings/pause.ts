import { pausedUntilAnnotation } from '../contract/pod-contract.ts'
import { showValue } from '../json.ts'

/** A request of a person to take no action for some time. */
export interface Pause {
  /** Null if the value has no valid time. The pause then lasts until the annotation is fixed or removed. */
  readonly untilMs: number | null
  readonly reason: string
}

type Annotations = Readonly<Record<string, string>> | undefined

/** `2026-11-24T18:00:00Z the network is being rebuilt`. Returns undefined if the value does not begin with such a time. */
export function parsePause(text: string): { readonly untilMs: number; readonly reason: string } | undefined {
  const [, time = '', reason = ''] =
    /^\s*(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2}))\s*(.*)$/s.exec(text) ?? []
  const untilMs = Date.parse(time)
  return Number.isNaN(untilMs) ? undefined : { untilMs, reason: reason.trim() }
}

/**
 * The active pause by the annotations of the pod, its SparkApplication and its namespace. Returns null if there is none.
 * An unreadable value counts as a pause, because its author wanted one.
 */
export function findPause(nowMs: number, ...annotations: readonly Annotations[]): Pause | null {
  for (const texts of annotations) {
    const text = texts?.[pausedUntilAnnotation]
    if (text === undefined) continue
    const pause = parsePause(text)
    if (pause === undefined) {
      return { untilMs: null, reason: `${showValue(text)} must begin with a time such as 2026-11-24T18:00:00Z` }
    }
    if (pause.untilMs > nowMs) return pause
  }
  return null
}
