/** The result of a check. If it is not ok, `detail` describes the problem in one line. */
export type CheckResult =
  | { readonly kind: 'ok'; readonly detail: string }
  | { readonly kind: 'warning'; readonly detail: string }
  | { readonly kind: 'error'; readonly detail: string }
  /** The evidence for the check could not be read. This is never treated as success. */
  | { readonly kind: 'unknown'; readonly detail: string }
  /** There is nothing to check. The report omits the check. */
  | { readonly kind: 'not-applicable' }

export type CheckSeverity = Exclude<CheckResult['kind'], 'not-applicable'>

export const ok = (detail = ''): CheckResult => ({ kind: 'ok', detail })
export const warning = (detail: string): CheckResult => ({ kind: 'warning', detail })
export const failure = (detail: string): CheckResult => ({ kind: 'error', detail })
export const unknown = (detail: string): CheckResult => ({ kind: 'unknown', detail })
export const notApplicable: CheckResult = { kind: 'not-applicable' }

/** One condition of a healthy installation, judged from evidence that was collected before. */
export interface Check<Evidence> {
  /** Stable identifier in kebab-case, used by scripts and by the anchors of docs/check.md. */
  readonly id: string
  /** The condition as a statement in the present tense, such as “the serving certificate exists”. */
  readonly title: string
  /** How to fix the problem if the condition does not hold. */
  readonly hint: string
  judge(evidence: Evidence): CheckResult
}

export interface Category<Evidence> {
  readonly name: string
  readonly checks: readonly Check<Evidence>[]
}

/** `a, b, c and 4 more`: at most `max` items, so that the line stays readable. */
export function formatList(items: readonly string[], max = 5): string {
  const more = items.length - max
  return more > 0 ? `${items.slice(0, max).join(', ')} and ${more} more` : items.join(', ')
}

/** `1 driver`, `2 drivers`. */
export const formatCount = (number: number, what: string) => `${number} ${what}${number === 1 ? '' : 's'}`
