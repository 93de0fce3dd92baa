import { valueIn } from '../evidence/evidence.ts'
import type { Cause, EvidenceItem } from '../findings/findings.ts'
import type { LineOrigin } from '../log/line-origin.ts'
import type { LogMatcher } from '../log/matcher.ts'
import { type Captures, matchPhrase } from '../log/phrase.ts'
import type { LogHit, LogHits } from '../log/scan.ts'
import {
  endingException,
  type Facts,
  findPlace,
  isAftermath,
  isAlive,
  isMounted,
  isNodeComing,
  isPast,
  logSource,
  wasKilled,
} from './facts.ts'
import { isHarmless, ledToEnd } from './failure.ts'
import { item, type Matcher, type MessageMatcher, type MessageSource, type Rule } from './rule.ts'

export interface Match {
  readonly evidence: readonly [EvidenceItem, ...EvidenceItem[]]
  readonly details: Captures
  /**
   * How strong the evidence is:
   * - sure: its position in the log leaves no doubt about its meaning.
   * - logged: the driver logged it and may have recovered.
   * - reported: an executor reported it; the driver has many executors.
   * - incidental: the driver continued afterwards, or was already shutting down. It does not explain an error.
   */
  readonly weight: 'sure' | 'logged' | 'reported' | 'incidental'
  /** Whether a task on an executor threw the exception. */
  readonly byExecutor: boolean
  /** Whether the driver logged the problem and then ended with an exception that says less. */
  readonly ledToEnd: boolean
}

/** Matches a matcher against the facts. Returns undefined if it does not match, or does not count in the driver's state. */
export function findMatch(matcher: Matcher, rule: Rule, facts: Facts): Match | undefined {
  switch (matcher.kind) {
    case 'log':
      return matchLog(matcher, rule, facts)
    case 'message':
      return matchMessages(matcher, facts)
    case 'observed': {
      if (facts.state === 'running' && rule.statesWhileRunning === undefined) return undefined
      const found = matcher.find(facts)
      return (
        found && {
          evidence: found.evidence,
          details: found.details ?? {},
          weight: found.weight ?? 'sure',
          byExecutor: found.byExecutor === true,
          ledToEnd: false,
        }
      )
    }
  }
}

function matchLog(matcher: LogMatcher, rule: Rule, facts: Facts): Match | undefined {
  const hits = facts.log?.hits.get(matcher)
  // A pod that has not run has no log. A log in the bundle may belong to another pod.
  if (facts.log === undefined || hits === undefined || facts.state === 'pending') return undefined
  const resolved = rule.resolvedBy && facts.log.hits.get(rule.resolvedBy)
  if (hits.uncaught === null && resolved !== undefined && resolved.last.number > hits.last.number) return undefined
  const began = facts.log.milestones.context
  const counted = listHits(hits)
    .map((hit) => ({ ...hit, place: findPlace(facts, hit.place) }))
    // Ignore lines of an earlier program in the same container if the current one is alive.
    .filter(({ number, place }) => matcher.places.includes(place) && !(isAlive(facts) && number < began))
    .filter(({ place }) => facts.state !== 'running' || countsWhileRunning(rule, place))
  const best = counted.findLast(({ place }) => place === 'uncaught') ?? counted.at(-1)
  if (best === undefined) return undefined
  const { number, text, place, captures } = best
  return {
    evidence: [{ source: logSource(facts), line: number, excerpt: text, count: hits.count }],
    details: captures,
    weight: isIncidental(best, rule, facts) ? 'incidental' : computeWeight(place, matcher, facts),
    byExecutor: best.byExecutor,
    ledToEnd: best.isLogged && ledToEnd(number, facts),
  }
}

/** Where a line stands in a log that cannot be read as records. Nothing then shows whether the driver worked on. */
const unread: ReadonlySet<LineOrigin> = new Set(['printed', 'output'])

const countsWhileRunning = ({ statesWhileRunning = [] }: Rule, place: LineOrigin) =>
  statesWhileRunning.includes(place) && !unread.has(place)

/** Causes that can block a driver until it is stopped from outside. */
const holdsUp: ReadonlySet<Cause> = new Set(['memory', 'hang', 'quota', 'permission', 'scheduling'])

/** Whether the driver recovered from the problem, or something else ended it. */
function isIncidental({ number, place }: LogHit, { cause, resolvedBy, symptom }: Rule, facts: Facts): boolean {
  if (isAftermath(facts, number) || (wasKilled(facts) && symptom)) return true
  if (place === 'uncaught') return false
  if (wasKilled(facts) && (place === 'executor' || !holdsUp.has(cause))) return true
  if (place === 'executor' && number < findOtherTaskFailure(facts)) return true
  if (place === 'error' && !isAlive(facts) && isHarmless(number, facts)) return true
  const { context, jobDone } = facts.log?.milestones ?? { context: 0, jobDone: 0 }
  return number < Math.max(context, jobDone) || (resolvedBy !== undefined && hasBeenResolved(resolvedBy, facts))
}

/** Line number where a job was aborted because of a task exception other than memory or a lost executor; 0 if none. */
function findOtherTaskFailure(facts: Facts): number {
  const abort = endingException(facts).find(({ text }) => text.includes('most recent failure: Lost task'))
  return abort === undefined || /OutOfMemory|OOM|ExecutorLostFailure/.test(abort.text) ? 0 : abort.number
}

/** Whether a log line or, if the log is not conclusive, active executors in the Spark UI show that the problem is resolved. */
const hasBeenResolved = (by: LogMatcher, { log, run, evidence }: Facts): boolean =>
  log?.hits.has(by) === true || (run === 'current' && (valueIn(evidence.executors)?.active ?? 0) > 0)

/** A matcher for a single kind of place is always sure. If the driver ended, an earlier error may have been resolved. */
function computeWeight(place: LineOrigin, { places }: LogMatcher, facts: Facts): Match['weight'] {
  if (place === 'executor') return 'reported'
  if (place === 'error' && !isAlive(facts)) return 'logged'
  return place === 'uncaught' || place === 'output' || !places.includes('uncaught') ? 'sure' : 'logged'
}

const listHits = ({ first, last, uncaught }: LogHits) => [...first, last, ...(uncaught === null ? [] : [uncaught])]

function matchMessages(matcher: MessageMatcher, facts: Facts): Match | undefined {
  if (!appliesInState(matcher, facts)) return undefined
  for (const message of listMessages(facts)) {
    const captures = matchMessage(matcher, message, facts)
    if (captures === undefined) continue
    const { source, reason, text, count } = message
    const excerpt = reason === '' ? text : `${reason}: ${text}`
    return {
      evidence: [item(source, excerpt, count)],
      details: captures,
      weight: 'sure',
      byExecutor: false,
      ledToEnd: false,
    }
  }
  return undefined
}

function appliesInState({ while: when }: MessageMatcher, facts: Facts): boolean {
  const { run, state } = facts
  if (run === 'previous' || state === 'completed') return false
  const hasStarted = state !== 'pending' && state !== 'absent' && state !== 'unknown'
  return (when === 'any' || !hasStarted) && !(when === 'unmounted' && isMounted(facts))
}

function matchMessage(
  { phrase, from, reasons, except }: MessageMatcher,
  message: Message,
  { state }: Facts,
): Captures | undefined {
  // Events from before the start of a running driver are out of date.
  const isOutdated = (state === 'running' || state === 'hung') && message.from !== 'application'
  if (isOutdated || !from.includes(message.from)) return undefined
  if (message.from === 'event' && reasons.length > 0 && !reasons.includes(message.reason)) return undefined
  if (except !== undefined && message.text.includes(except)) return undefined
  return matchPhrase(phrase, message.text)
}

interface Message {
  readonly from: MessageSource
  readonly source: string
  readonly reason: string
  readonly text: string
  readonly count: number
}

/** States of the kubeflow and Apache operators in which nothing has failed. */
const atWork =
  /^(SUBMITTED|RUNNING|SUCCEEDING|COMPLETED|Submitted|Driver(Requested|Started|Ready)|Initialized\w*|Running\w*|Succeeded)$/

/** All messages about the driver, newest Events first. */
function listMessages(facts: Facts): readonly Message[] {
  return [...listPodMessages(facts), ...listEventMessages(facts), ...listApplicationMessages(facts)]
}

function listPodMessages(facts: Facts): readonly Message[] {
  const { pod } = facts
  if (pod === undefined) return []
  const ofContainers = [pod.driver, ...pod.others].flatMap(({ state }) =>
    state.kind === 'waiting' || state.kind === 'terminated' ? toMessage(state.kind, 'pod', state) : [],
  )
  const scheduled = pod.conditions.find(({ type, status }) => type === 'PodScheduled' && status === 'False')
  const isReported = scheduled !== undefined && !isNodeComing(facts)
  return [
    ...ofContainers,
    ...(isReported ? toMessage('scheduled', 'pod', scheduled) : []),
    ...toMessage('pod', 'pod', pod),
  ]
}

const listEventMessages = (facts: Facts): readonly Message[] =>
  facts.events
    .toReversed()
    .filter((event) => !isPast(event, facts))
    .flatMap((event) => toMessage('event', 'events', event, event.count))

function listApplicationMessages({ evidence }: Facts): readonly Message[] {
  const application = valueIn(evidence.application)
  // The message of an earlier attempt remains while the next attempt is running.
  if (application === undefined || atWork.test(application.state ?? '')) return []
  const { state, message } = application
  return toMessage('application', 'application', { reason: state, message })
}

/** Maximum length of a message that the rules search. */
const maxMessageLength = 4096

function toMessage(
  from: MessageSource,
  source: string,
  { reason, message }: { readonly reason: string | null; readonly message: string | null },
  count = 1,
): readonly Message[] {
  if (message === null) return []
  return [{ from, source, reason: reason ?? '', text: message.slice(0, maxMessageLength), count }]
}
