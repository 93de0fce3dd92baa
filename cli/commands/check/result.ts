/** What a check concludes. A result that is not ok says what was found, in one line. */
export type CheckResult =
  | { readonly kind: 'ok'; readonly detail: string }
  | { readonly kind: 'warning'; readonly detail: string }
  | { readonly kind: 'error'; readonly detail: string }
  /** What it needs could not be read: never taken for healthy. */
  | { readonly kind: 'unknown'; readonly detail: string }
  /** There is nothing to look at here; left out of the report. */
  | { readonly kind: 'not-applicable' }

export type CheckSeverity = Exclude<CheckResult['kind'], 'not-applicable'>

export const ok = (detail = ''): CheckResult => ({ kind: 'ok', detail })
export const warning = (detail: string): CheckResult => ({ kind: 'warning', detail })
export const failure = (detail: string): CheckResult => ({ kind: 'error', detail })
export const unknown = (detail: string): CheckResult => ({ kind: 'unknown', detail })
export const notApplicable: CheckResult = { kind: 'not-applicable' }

/** One thing that must hold, of evidence that was collected before. */
export interface Check<Evidence> {
  /** Stable: scripts and the anchors of docs/check.md name it. Kebab-case. */
  readonly id: string
  /** What holds if all is well. */
  readonly title: string
  /** What to do where it does not. */
  readonly hint: string
  judge(evidence: Evidence): CheckResult
}

export interface Category<Evidence> {
  readonly name: string
  readonly checks: readonly Check<Evidence>[]
}

/** `a, b, c and 4 more`: a line is read by a person. */
export function formatList(items: readonly string[], max = 5): string {
  const more = items.length - max
  return more > 0 ? `${items.slice(0, max).join(', ')} and ${more} more` : items.join(', ')
}

/** `1 driver`, `2 drivers`. */
export const formatCount = (number: number, what: string) => `${number} ${what}${number === 1 ? '' : 's'}`
