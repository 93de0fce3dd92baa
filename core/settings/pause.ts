import { pausedUntilAnnotation } from '../contract/pod-contract.ts'

/** A person wants nothing done for a while. */
export interface Pause {
  /** Null: the value says no time, and the pause lasts until it is mended or removed. */
  readonly untilMs: number | null
  readonly reason: string
}

type Annotations = Readonly<Record<string, string>> | undefined

/** `2026-11-24T18:00:00Z the network is being rebuilt`. Undefined when the value begins with no such time. */
export function parsePause(text: string): { readonly untilMs: number; readonly reason: string } | undefined {
  const [, time = '', reason = ''] =
    /^\s*(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2}))\s*(.*)$/s.exec(text) ?? []
  const untilMs = Date.parse(time)
  return Number.isNaN(untilMs) ? undefined : { untilMs, reason: reason.trim() }
}

/**
 * The pause that holds, by the annotations of the pod, its SparkApplication and its namespace; null: none. One that
 * cannot be read holds: whoever wrote it wanted peace.
 */
export function findPause(nowMs: number, ...annotations: readonly Annotations[]): Pause | null {
  for (const texts of annotations) {
    const text = texts?.[pausedUntilAnnotation]
    if (text === undefined) continue
    const pause = parsePause(text)
    if (pause === undefined) {
      return { untilMs: null, reason: `${JSON.stringify(text)} must begin with a time such as 2026-11-24T18:00:00Z` }
    }
    if (pause.untilMs > nowMs) return pause
  }
  return null
}
