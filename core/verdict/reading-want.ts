import type { UiWitness } from './witnesses.ts'

/**
 * What the judge wants to read next. `urgent`: a suspicion depends on it. `optional`: it may raise one, and is read as far as
 * the byte budget of a healthy driver allows.
 */
export interface ReadingWant {
  readonly witness: UiWitness
  readonly urgency: 'urgent' | 'optional'
}
