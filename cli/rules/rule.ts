import type { Cause, Confidence, EvidenceItem, FindingId, Severity } from '../findings/findings.ts'
import type { RemedySpec } from '../findings/remedies.ts'
import type { LineOrigin } from '../log/line-origin.ts'
import type { LogSignature } from '../log/matcher.ts'
import { type Captures, type Phrase, parsePhrase } from '../log/phrase.ts'
import type { Facts } from './facts.ts'

/** One row of the catalogue: what is wrong, how it is known, what it explains and what to do. Data, but for `find`. */
export interface Rule {
  readonly id: FindingId
  readonly cause: Cause
  readonly severity: Severity
  /** The best it can be; evidence from a doubtful place lowers it. */
  readonly confidence: Confidence
  readonly title: string
  /** The title once the names are known: `{class}` is what a phrase captured. */
  readonly detail?: string
  readonly meaning: string
  /** One of them is enough. */
  readonly matchers: readonly [Signature, ...Signature[]]
  /** It says only that something failed: whatever says more explains it. */
  readonly fallback?: true
  /** What the end of the JVM looks like from elsewhere: it explains no signal, and what was only logged explains it. */
  readonly symptom?: true
  /** A later line of this kind takes the finding back. */
  readonly resolvedBy?: LogSignature
  /** Places of the log that count though the driver runs and nothing says that it hangs. */
  readonly statesWhileRunning?: readonly LineOrigin[]
  /** Findings that this one explains. A `*` at the end stands for any rest. */
  readonly explains?: readonly FindingId[]
  readonly remedies: readonly [RemedySpec, ...RemedySpec[]]
}

export type Signature = LogSignature | MessageSignature | RuleObservation

/** A sentence that Kubernetes or an operator wrote. */
export interface MessageSignature {
  readonly kind: 'message'
  readonly phrase: Phrase
  readonly from: readonly MessageSource[]
  /** Of events; empty: any. */
  readonly reasons: readonly string[]
  /** pending: only while the driver's container has not run. unmounted: only until its volumes are there. */
  readonly while: 'unmounted' | 'pending' | 'any'
  /** Text that makes it another matter. */
  readonly except?: string
}

export type MessageSource = 'event' | 'pod' | 'waiting' | 'terminated' | 'scheduled' | 'application'

/** What no sentence says: a state, a number, a cycle. */
export interface RuleObservation {
  readonly kind: 'observed'
  /** In words, for the page. */
  readonly what: string
  find(facts: Facts): RuleMatch | undefined
}

export interface RuleMatch {
  readonly evidence: readonly [EvidenceItem, ...EvidenceItem[]]
  readonly details?: Captures
}

/** While the driver's container has not run: what events and its waiting state say. */
export function whilePending(text: string, ...reasons: readonly string[]): MessageSignature {
  const from: readonly MessageSource[] = ['event', 'waiting', 'scheduled']
  return { kind: 'message', phrase: parsePhrase(text), from, reasons, while: 'pending' }
}

/** Until the pod's volumes are mounted: what events say of them. */
export function whileUnmounted(text: string, except?: string): MessageSignature {
  const reasons = ['FailedMount', 'FailedAttachVolume']
  const signature = {
    kind: 'message',
    phrase: parsePhrase(text),
    from: ['event'],
    reasons,
    while: 'unmounted',
  } as const
  return except === undefined ? signature : { ...signature, except }
}

/** What is said of the pod, its containers or its application, whatever has become of them. */
export function inMessages(
  text: string,
  from: readonly MessageSource[] = ['event', 'pod', 'waiting', 'terminated', 'scheduled', 'application'],
  ...reasons: readonly string[]
): MessageSignature {
  return { kind: 'message', phrase: parsePhrase(text), from, reasons, while: 'any' }
}

export function observed(what: string, find: (facts: Facts) => RuleMatch | undefined): RuleObservation {
  return { kind: 'observed', what, find }
}

/** Evidence from elsewhere than a log. */
export const item = (source: string, excerpt: string, count = 1): EvidenceItem => ({
  source,
  line: null,
  excerpt,
  count,
})
