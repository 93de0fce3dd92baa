import { valueIn } from '../evidence/evidence.ts'
import { type Facts, logSource } from './facts.ts'
import { findProgress } from './failure.ts'
import { quietMs } from './hang-detectors.ts'

/** A driver that has logged nothing for this long may be at work, but its log does not show it. */
const recentMs = 60 * 60_000

/**
 * Whether the evidence proves that the driver is well: it has completed, its Spark UI answers, or its log shows recent
 * work. That no rule matches is no proof.
 */
export function isProvenHealthy(facts: Facts): boolean {
  const { state, evidence, log } = facts
  if (state === 'completed') return true
  if (state === 'absent') return /^(COMPLETED|Succeeded)$/.test(valueIn(evidence.application)?.state ?? '')
  if (state !== 'running') return false
  if (valueIn(evidence.sidecar)?.state === 'alive') return true
  if (evidence.executors.kind === 'read' || evidence.threads.kind === 'read') return true
  const hasWorked = log !== undefined && logSource(facts) === 'driver.log' && findProgress(facts) > 0
  return hasWorked && (quietMs(facts) ?? 0) < recentMs
}
