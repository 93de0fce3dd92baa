import type { SettingProblem } from '../../core/settings/settings.ts'
import type { EffectiveConf } from '../spark-conf/effective-conf.ts'
import type { Violation } from '../static-checks/run.ts'
import type { ValidateCheck } from './catalogue.ts'

/** One application's configuration, and what else is known of it. Data only: the same from a file and from a cluster. */
export interface ValidationSubject {
  readonly conf: EffectiveConf
  /** Whether an operator submits it, and so names master, mode and namespace itself. */
  readonly operator: 'kubeflow' | 'apache' | 'none'
  /** The file or object that it comes from. */
  readonly origin: string
  /** Fields whose YAML type is not that of their definition. */
  readonly mistyped: readonly MistypedField[]
  /** Of our own annotations. */
  readonly settingProblems: readonly SettingProblem[]
  /** The driver's container as it runs; null: not known. */
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
