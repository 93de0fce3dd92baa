import type { SettingProblem } from '../../core/settings/settings.ts'
import type { ConfOrigin } from '../spark-conf/application-conf.ts'
import type { EffectiveConf } from '../spark-conf/effective-conf.ts'
import type { SubmissionMode } from '../static-checks/input.ts'
import type { Violation } from '../static-checks/run.ts'
import type { ValidateCheck } from './catalogue.ts'
import type { SchemaCheck } from './schema.ts'

/** The configuration of one application, from a file or from a cluster. */
export interface ValidationSubject {
  readonly conf: EffectiveConf
  /** The operator that submits the application. It sets master, deploy mode and namespace itself. */
  readonly operator: 'kubeflow' | 'apache' | 'none'
  /** Where the driver runs. */
  readonly mode: SubmissionMode
  /** Whether the configuration contains all settings. Otherwise an absent setting is unknown. */
  readonly isWhole: boolean
  /** Keys that are set to a value that only a run shows. */
  readonly unresolved: ReadonlySet<string>
  /** The file or object that contains the configuration. */
  readonly origin: string
  /** The object, compared with its CRD. Null for a configuration. */
  readonly schema: { readonly check: SchemaCheck; readonly origin: ConfOrigin } | null
  /** What the application receives, and options that spark-submit does not have. */
  readonly commandLine: CommandLine
  /** The service account in the driver's pod template. Null if there is none. */
  readonly templateAccount: string | null
  /** The paths at which the driver container mounts volumes. Null if they are unknown. */
  readonly mountPaths: readonly string[] | null
  /** Problems with spark-nanny's annotations. */
  readonly settingProblems: readonly SettingProblem[]
  /** Memory limit of the running driver's container. Null if it is unknown. */
  readonly driverLimitMiB: number | null
}

export interface CommandLine {
  readonly applicationArguments: readonly WrittenWord[]
  readonly unknownOptions: readonly WrittenWord[]
}

/** A word, and where it is. */
export interface WrittenWord {
  readonly text: string
  /** The field of a SparkApplication. Null in a command line. */
  readonly field: string | null
  readonly line: number | null
}

export type ValidationViolations = readonly Violation<ValidateCheck>[]
export type ValidateRule = (subject: ValidationSubject) => ValidationViolations
