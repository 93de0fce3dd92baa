import type { ConnectionFlags } from '../../cluster/connect.ts'

/** The validated options of `spark-nanny check`. */
export interface CheckOptions extends ConnectionFlags {
  readonly pre: boolean
  readonly strict: boolean
  readonly waitMs: number
  readonly output: 'text' | 'json'
  readonly color: boolean
}
