import type { Judgement } from '../core/verdict/judge.ts'
import { hasDoubt } from '../core/verdict/plan-readings.ts'
import type { Moment } from './clock.ts'

/** `id` names the current episode of doubt, and is null without one. `beganMs`: when the last episode began, by the active clock. */
export type Doubt =
  | { readonly id: string; readonly beganMs: number }
  | { readonly id: null; readonly beganMs: number | null }

export const noDoubt: Doubt = { id: null, beganMs: null }

/**
 * The first doubt begins an episode, and an answer that raises no doubt ends it. For each new id, the probe makes the JVM print
 * its threads to its own log. A driver that often fails single polls must not do so more than once in `intervalMs`.
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
  if (!isDoubtful) return kind === 'alive' ? { ...before, id: null } : before
  const { id, beganMs } = before
  const isSoon = kind !== 'hung' && beganMs !== null && nowMs - beganMs < intervalMs
  if (id !== null || isSoon) return before
  // No id is used twice, even if the sidecar restarts.
  return { id: `${attempt}-${Math.round(wallMs)}`, beganMs: nowMs }
}
