import type { ConnectionFlags } from '../../cluster/connect.ts'
import type { Target } from '../../diagnosis/target.ts'
import type { OutputForm } from '../../render/report.ts'

/** The validated options of the command. */
export interface DiagnoseOptions extends ConnectionFlags {
  readonly target: Target
  readonly save?: string
  readonly strict: boolean
  readonly timeoutMs: number
  readonly output: OutputForm
  readonly color: boolean
}
