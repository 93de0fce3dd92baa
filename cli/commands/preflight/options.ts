import type { ConnectionFlags } from '../../cluster/connect.ts'
import type { OutputForm } from '../../render/report.ts'
import type { SparkVersion } from '../../spark-conf/spark-version.ts'

/** The validated options of the command. */
export interface PreflightOptions extends ConnectionFlags {
  readonly filename: string
  readonly offline: boolean
  readonly sparkVersion?: SparkVersion
  readonly strict: boolean
  readonly output: OutputForm
  readonly color: boolean
}
