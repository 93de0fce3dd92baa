import type { ConnectionFlags } from '../../cluster/connect.ts'
import type { forms } from './command.ts'

/** The validated options of the command. */
export interface RecoverOptions extends ConnectionFlags {
  /** Of the SparkApplication; of plain spark-submit that of the application, or the driver's pod. */
  readonly name: string
  readonly apply: boolean
  readonly causeFixed: boolean
  readonly windowMs: number
  readonly waitMs: number
  readonly timeoutMs: number
  readonly auditFile?: string
  readonly output: (typeof forms)[number]
  readonly color: boolean
}
