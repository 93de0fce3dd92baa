import type { Hang } from './assess.ts'
import type { StuckReason } from './startup-delay.ts'

/** Why a pod is deleted: a hang verdict, or a wait that exceeds the deadline in the driver's settings. */
export type DeletionReason = Hang | Overdue

/** Whether a pod is deleted because its driver hangs or because it is stuck. */
export type DeletionCause = 'hung' | 'stuck'

export const toDeletionCause = ({ source }: DeletionReason): DeletionCause => (source === 'stuck' ? 'stuck' : 'hung')

/** A driver that waits for longer than its settings allow. */
export interface Overdue {
  readonly source: 'stuck'
  readonly reason: StuckReason
  readonly sinceMs: number
  readonly detail: string
}

/** A driver that started less than this time ago is left alone, because its behavior is not yet conclusive. */
export const recentlyStartedMs = 60_000
