import type { ConnectionFlags } from '../../cluster/connect.ts'
import type { OutputForm } from '../../render/report.ts'
import type { SparkVersion } from '../../spark-conf/spark-version.ts'

/** The validated options of the command. */
export interface ValidateOptions extends ConnectionFlags {
  readonly target:
    | { readonly kind: 'file'; readonly filename: string }
    | { readonly kind: 'live'; readonly name: string }
  readonly sparkVersion?: SparkVersion
  readonly strict: boolean
  readonly output: OutputForm
  readonly color: boolean
}
