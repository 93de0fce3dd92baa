import type { Cause, Confidence, EvidenceItem, FindingId, Severity } from '../findings/findings.ts'
import type { RemedySpec } from '../findings/remedies.ts'
import type { LineOrigin } from '../log/line-origin.ts'
import type { LogMatcher } from '../log/matcher.ts'
import { type Captures, type Phrase, parsePhrase } from '../log/phrase.ts'
import type { Facts } from './facts.ts'

/** One entry of the catalogue: the problem, how to recognize it, what it explains and how to fix it. Data except for `find`. */
export interface Rule {
  readonly id: FindingId
  readonly cause: Cause
  readonly severity: Severity
  /** The highest confidence. Evidence from an ambiguous place lowers it. */
  readonly confidence: Confidence
  readonly title: string
  /** The title: the first of these whose placeholders are all known. `{class}` is a value that a phrase captured. */
  readonly detail?: string | readonly string[]
  readonly meaning: string
  /** The rule matches if any of these match. */
  readonly matchers: readonly [Matcher, ...Matcher[]]
  /** Set if the rule only shows that something failed. Any more specific finding explains it. */
  readonly fallback?: true
  /** Set for a consequence of the JVM's end. It never explains a signal, and an error that was only logged explains it. */
  readonly symptom?: true
  /** A later line that matches this matcher cancels the finding. */
  readonly resolvedBy?: LogMatcher
  /** Origins of log lines that count even while the driver is running and not reported as hung. */
  readonly statesWhileRunning?: readonly LineOrigin[]
  /** Findings that this one explains. A trailing `*` matches any suffix. */
  readonly explains?: readonly FindingId[]
  readonly remedies: readonly [RemedySpec, ...RemedySpec[]]
  /** The remedies if the problem is one of the executors, where those for the driver would not help. */
  readonly onExecutors?: ExecutorRemedies
}

export interface ExecutorRemedies {
  /**
   * thrown: a task on an executor threw the exception. logged: the driver logged it, so that its own pod had been created and
   * the message is about the pod of an executor.
   */
  readonly when: 'thrown' | 'logged'
  readonly remedies: readonly [RemedySpec, ...RemedySpec[]]
}

export type Matcher = LogMatcher | MessageMatcher | RuleObservation

/** A message of Kubernetes or an operator. */
export interface MessageMatcher {
  readonly kind: 'message'
  readonly phrase: Phrase
  readonly from: readonly MessageSource[]
  /** Reasons of Events that count. If empty, any reason counts. */
  readonly reasons: readonly string[]
  /** pending: only before the driver's container has run. unmounted: only before its volumes are mounted. */
  readonly while: 'unmounted' | 'pending' | 'any'
  /** A message that contains this text does not match. */
  readonly except?: string
}

export type MessageSource = 'event' | 'pod' | 'waiting' | 'terminated' | 'scheduled' | 'application'

/** Evidence that is not a message: a state, a number or a cycle of threads. */
export interface RuleObservation {
  readonly kind: 'observed'
  /** Description for the documentation page. */
  readonly what: string
  find(facts: Facts): RuleMatch | undefined
}

export interface RuleMatch {
  readonly evidence: readonly [EvidenceItem, ...EvidenceItem[]]
  readonly details?: Captures
  /** Whether a task on an executor threw the exception. */
  readonly byExecutor?: boolean
  /** Set if the driver logged the problem and may have recovered. */
  readonly weight?: 'logged'
}

/** Matches Events and the waiting state before the driver's container has run. */
export function whilePending(text: string, ...reasons: readonly string[]): MessageMatcher {
  const from: readonly MessageSource[] = ['event', 'waiting', 'scheduled']
  return { kind: 'message', phrase: parsePhrase(text), from, reasons, while: 'pending' }
}

/** Matches Events about volumes before the pod's volumes are mounted. */
export function whileUnmounted(text: string, except?: string): MessageMatcher {
  const reasons = ['FailedMount', 'FailedAttachVolume']
  const matcher = {
    kind: 'message',
    phrase: parsePhrase(text),
    from: ['event'],
    reasons,
    while: 'unmounted',
  } as const
  return except === undefined ? matcher : { ...matcher, except }
}

/** Matches messages about the pod, its containers or its application, in any state of the driver. */
export function inMessages(
  text: string,
  from: readonly MessageSource[] = ['event', 'pod', 'waiting', 'terminated', 'scheduled', 'application'],
  ...reasons: readonly string[]
): MessageMatcher {
  return { kind: 'message', phrase: parsePhrase(text), from, reasons, while: 'any' }
}

export function observed(what: string, find: (facts: Facts) => RuleMatch | undefined): RuleObservation {
  return { kind: 'observed', what, find }
}

/** Creates evidence that does not come from a log. */
export const item = (source: string, excerpt: string, count = 1): EvidenceItem => ({
  source,
  line: null,
  excerpt,
  count,
})
