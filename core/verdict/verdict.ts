import type { UiWitness } from './witnesses.ts'

/** Why a driver is hung. docs/hangs.md has a section for each. */
export const hungReasons = [
  'frozen',
  'busy',
  'unresponsive',
  'scheduler-dead',
  'deadlock',
  'query-ended',
  'streaming-stall',
  'no-executors',
  'main-ended',
  'stall',
  'max-run-time',
  'startup-deadline',
  'stop-deadline',
] as const
export type HungReason = (typeof hungReasons)[number]

/** `certain`: no healthy driver looks like this. `likely`: a healthy driver can look like this, but rarely does. */
export type Certainty = 'certain' | 'likely'

/** What one witness reported, and since when. */
export interface VerdictEvidence {
  readonly witness: Witness
  /** A short clause for users, such as `no answer to 2 polls`. */
  readonly report: string
  readonly sinceMs: number
}

export type Witness = 'ui' | 'processes' | UiWitness

/** The conclusion about a driver. */
export type Verdict =
  | { readonly kind: 'starting'; readonly sinceMs: number }
  | { readonly kind: 'alive'; readonly sinceMs: number }
  | { readonly kind: 'failing'; readonly sinceMs: number; readonly failures: number; readonly detail: string }
  | { readonly kind: 'stopping'; readonly sinceMs: number }
  | { readonly kind: 'unknown'; readonly sinceMs: number; readonly detail: string }
  | {
      readonly kind: 'hung'
      readonly sinceMs: number
      readonly reason: HungReason
      readonly certainty: Certainty
      readonly detail: string
      readonly evidence: readonly VerdictEvidence[]
    }

export type HungVerdict = Extract<Verdict, { kind: 'hung' }>

/** Timers and probes are slightly early or late. This must not delay a verdict by one more poll. */
export const timerSlackMs = 100

/** A verdict that names its evidence. */
export function createHung(
  reason: HungReason,
  certainty: Certainty,
  detail: string,
  evidence: readonly VerdictEvidence[],
  nowMs: number,
): HungVerdict {
  return { kind: 'hung', sinceMs: nowMs, reason, certainty, detail, evidence }
}

/** Whether two verdicts conclude the same: their details and evidence may differ, and lead to no other action. */
export const isSameConclusion = (one: HungVerdict, other: HungVerdict): boolean =>
  one.reason === other.reason && one.certainty === other.certainty

/** A duration for users in whole seconds, such as `90 s`. */
export function formatSeconds(durationMs: number): string {
  return `${Math.round(durationMs / 1000)} s`
}
