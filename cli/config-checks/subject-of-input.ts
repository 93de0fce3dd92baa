import { toRecord, toText } from '../../core/json.ts'
import { resolveSettings } from '../../core/settings/settings.ts'
import type { EffectiveConf } from '../spark-conf/effective-conf.ts'
import type { Input } from '../static-checks/input.ts'
import { findMistypedFields } from './mistyped-fields.ts'
import type { ValidationSubject } from './subject.ts'

const driverAnnotation = 'spark.kubernetes.driver.annotation.'

/** The configuration in a file or a SparkApplication, ready to be validated. */
export function toValidationSubject(input: Input, driverLimitMiB: number | null = null): ValidationSubject {
  const { conf } = input
  if (input.kind === 'conf') {
    return {
      conf,
      operator: 'none',
      origin: input.name,
      mistyped: [],
      settingProblems: settingProblems(conf, {}),
      driverLimitMiB,
    }
  }
  const { object, operator, origin } = input
  const annotations = toRecord(toRecord(object.metadata).annotations)
  return {
    conf,
    operator,
    origin: origin.source,
    mistyped: operator === 'kubeflow' ? findMistypedFields(object) : [],
    settingProblems: settingProblems(conf, annotations),
    driverLimitMiB,
  }
}

/** spark-nanny's annotations, from the application and from the driver pod that the configuration creates. */
function settingProblems(
  { entries }: EffectiveConf,
  annotations: Readonly<Record<string, unknown>>,
): ValidationSubject['settingProblems'] {
  const application = Object.fromEntries(Object.entries(annotations).map(([name, value]) => [name, toText(value)]))
  const pod = Object.fromEntries(
    [...entries].flatMap(([key, { value }]) =>
      key.startsWith(driverAnnotation) ? [[key.slice(driverAnnotation.length), value] as const] : [],
    ),
  )
  return resolveSettings({ application, pod }).problems
}
