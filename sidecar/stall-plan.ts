import type { DriverPolicy } from '../core/settings/driver-policy.ts'
import type { ReadingWant } from '../core/verdict/reading-want.ts'
import type { Verdict } from '../core/verdict/verdict.ts'

/**
 * Plans the readings for the stall deadline: jobs a few times within the deadline, and with each poll while the verdict is a
 * stall, to notice when it ends.
 */
export function createStallPlan({ stallDeadlineMs, intervalMs }: DriverPolicy) {
  let plannedMs = Number.NEGATIVE_INFINITY
  return (verdict: Verdict, nowMs: number): readonly ReadingWant[] => {
    if (stallDeadlineMs === null) return []
    const isStalled = verdict.kind === 'hung' && verdict.reason === 'stall'
    if (!isStalled && nowMs - plannedMs < Math.max(intervalMs, stallDeadlineMs / 4)) return []
    plannedMs = nowMs
    return [{ witness: 'jobs', urgency: 'urgent' }]
  }
}
