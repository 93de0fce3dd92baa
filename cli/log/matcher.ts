import type { LineOrigin } from './line-origin.ts'
import { type Phrase, parsePhrase } from './phrase.ts'

/** A line that a rule looks for in the driver's log. */
export interface LogSignature {
  readonly kind: 'log'
  readonly phrase: Phrase
  readonly places: readonly LineOrigin[]
}

/** Where an exception of the driver itself stands. */
export const driverPlaces: readonly LineOrigin[] = ['uncaught', 'thread', 'error', 'printed']

/** Looks for the phrase where an exception of the driver stands, or in the places named. */
export function inLog(text: string, places: readonly LineOrigin[] = driverPlaces): LogSignature {
  return { kind: 'log', phrase: parsePhrase(text), places }
}

/** Looks for the phrase in what the program, the launcher or the JVM prints outside of any record. */
export const inOutput = (text: string): LogSignature => inLog(text, ['output', 'printed', 'uncaught'])

/** Looks for the phrase in what executors reported. */
export const fromExecutors = (text: string): LogSignature => inLog(text, ['executor'])
