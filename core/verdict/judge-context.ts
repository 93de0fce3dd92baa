import type { Deadlines } from '../settings/deadlines.ts'
import type { ProcessHistory } from './processes.ts'

/** What each conclusion may depend on, in addition to its own facts. */
export interface JudgeContext {
  readonly processes: ProcessHistory
  readonly deadlines: Deadlines
  readonly nowMs: number
}
