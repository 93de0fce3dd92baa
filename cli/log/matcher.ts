import type { LineOrigin } from './line-origin.ts'
import { type Phrase, parsePhrase } from './phrase.ts'

/** A line that a rule searches for in the driver's log. */
export interface LogMatcher {
  readonly kind: 'log'
  readonly phrase: Phrase
  readonly places: readonly LineOrigin[]
  /** Set if the message means something else when a task on an executor threw it, such as a full heap. */
  readonly driverOnly?: true
}

/** The origins of the driver's own exceptions. */
export const driverOrigins: readonly LineOrigin[] = ['uncaught', 'thread', 'error', 'printed']

/** Searches for the phrase in the driver's own exceptions, or in lines of the given origins. */
export function inLog(text: string, places: readonly LineOrigin[] = driverOrigins): LogMatcher {
  return { kind: 'log', phrase: parsePhrase(text), places }
}

/** As {@link inLog}, but not in what tasks on executors threw, even if it ended the driver. */
export function inDriver(text: string, places: readonly LineOrigin[] = driverOrigins): LogMatcher {
  return { ...inLog(text, places), driverOnly: true }
}

/** Searches for the phrase in output of the program, the launcher or the JVM outside log records. */
export const inOutput = (text: string): LogMatcher => inLog(text, ['output', 'printed', 'uncaught'])

/** Searches for the phrase in problems that executors reported. */
export const fromExecutors = (text: string): LogMatcher => inLog(text, ['executor'])
