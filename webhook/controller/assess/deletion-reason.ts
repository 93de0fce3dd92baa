import type { Hang } from './assess.ts'
import type { StuckReason } from './startup-delay.ts'

/** Why a pod is deleted: a hang verdict, or a wait that exceeds the deadline in the driver's settings. */
export type DeletionReason = Hang | Overdue

/** A driver that waits for longer than its settings allow. */
export interface Overdue {
  readonly source: 'stuck'
  readonly reason: StuckReason
  readonly sinceMs: number
  readonly detail: string
}

/** A driver that started less than this time ago is left alone, because its behavior is not yet conclusive. */
export const recentlyStartedMs = 60_000
