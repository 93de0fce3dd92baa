import type { Judgement } from '../core/verdict/judge.ts'
import { hasDoubt } from '../core/verdict/plan-readings.ts'
import type { Moment } from './clock.ts'

/** The last episode of doubt: its id, when it began by the active clock, and whether the driver is still doubted. */
export type Doubt =
  | { readonly kind: 'none' }
  | { readonly kind: 'current' | 'over'; readonly id: string; readonly beganMs: number }

export const noDoubt: Doubt = { kind: 'none' }

/** The id that the probes receive: null while there is no doubt. */
export const findDoubtId = (doubt: Doubt): string | null => (doubt.kind === 'current' ? doubt.id : null)

/**
 * The first doubt begins an episode, and an answer that raises no doubt ends it. For each new id, the probe makes the JVM print
 * its threads to its own log. A driver that often fails single polls must not do so more than once in `intervalMs`, so that an
 * episode that soon follows another one has the same id. It has one in any case: only under an id, the probe looks for what
 * explains a silence of a healthy driver.
 */
export function nextDoubt(
  before: Doubt,
  judgement: Judgement,
  attempt: number,
  { nowMs, wallMs }: Moment,
  intervalMs: number,
): Doubt {
  const { kind } = judgement.verdict
  const isDoubtful = kind === 'failing' || kind === 'hung' || hasDoubt(judgement)
  if (!isDoubtful) return kind === 'alive' && before.kind === 'current' ? { ...before, kind: 'over' } : before
  if (before.kind === 'current') return before
  if (before.kind === 'over' && kind !== 'hung' && nowMs - before.beganMs < intervalMs) {
    return { ...before, kind: 'current' }
  }
  // No id is used twice, even if the sidecar restarts.
  return { kind: 'current', id: `${attempt}-${Math.round(wallMs)}`, beganMs: nowMs }
}
