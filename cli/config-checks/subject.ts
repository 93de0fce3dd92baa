import type { SettingProblem } from '../../core/settings/settings.ts'
import type { EffectiveConf } from '../spark-conf/effective-conf.ts'
import type { Violation } from '../static-checks/run.ts'
import type { ValidateCheck } from './catalogue.ts'

/** The configuration of one application, from a file or from a cluster. */
export interface ValidationSubject {
  readonly conf: EffectiveConf
  /** The operator that submits the application. It sets master, deploy mode and namespace itself. */
  readonly operator: 'kubeflow' | 'apache' | 'none'
  /** The file or object that contains the configuration. */
  readonly origin: string
  /** Fields whose YAML type differs from their definition. */
  readonly mistyped: readonly MistypedField[]
  /** Problems with spark-nanny's annotations. */
  readonly settingProblems: readonly SettingProblem[]
  /** Memory limit of the running driver's container. Null if it is unknown. */
  readonly driverLimitMiB: number | null
}

export interface MistypedField {
  readonly path: string
  readonly actual: string
  readonly value: string
  readonly form: string
  readonly corrected: string
}

export type ValidationViolations = readonly Violation<ValidateCheck>[]
export type ValidateRule = (subject: ValidationSubject) => ValidationViolations
