import { toList, toRecord, toText } from '../../core/json.ts'
import { resolveSettings } from '../../core/settings/settings.ts'
import { toSourcePath } from '../spark-conf/application-conf.ts'
import type { EffectiveConf } from '../spark-conf/effective-conf.ts'
import type { ApplicationInput, ConfInput, Input } from '../static-checks/input.ts'
import { type ClusterSchema, checkSchema, type SchemaCheck } from './schema.ts'
import type { CommandLine, ValidationSubject, WrittenWord } from './subject.ts'

const driverAnnotation = 'spark.kubernetes.driver.annotation.'

/** What is known about a running application. */
export interface RunningFacts {
  readonly driverLimitMiB?: number | null
  readonly schema?: ClusterSchema
  /** Whether the API server stores the application, and therefore accepts its fields. */
  readonly isStored?: boolean
}

/** The configuration in a file or a SparkApplication, ready to be validated. */
export function toValidationSubject(
  input: Input,
  { driverLimitMiB = null, schema = null, isStored = false }: RunningFacts = {},
): ValidationSubject {
  return input.kind === 'conf'
    ? fromConf(input, driverLimitMiB)
    : fromApplication(input, driverLimitMiB, isStored ? null : checkSchema(input, schema))
}

function fromConf(input: ConfInput, driverLimitMiB: number | null): ValidationSubject {
  const { conf, command, mode, isWhole } = input
  const toWord = ({ text, line }: { readonly text: string; readonly line: number }) => ({ text, line, field: null })
  return {
    conf,
    operator: 'none',
    mode,
    isWhole,
    unresolved: command?.unresolved ?? new Set(),
    origin: input.name,
    schema: null,
    commandLine: {
      applicationArguments: (command?.applicationArguments ?? []).map(toWord),
      unknownOptions: (command?.unknownOptions ?? []).map(toWord),
    },
    templateAccount: null,
    mountPaths: null,
    settingProblems: settingProblems(conf, {}),
    driverLimitMiB,
  }
}

function fromApplication(
  input: ApplicationInput,
  driverLimitMiB: number | null,
  check: SchemaCheck | null,
): ValidationSubject {
  const { object, operator, origin, conf } = input
  return {
    conf,
    operator,
    mode: 'cluster',
    isWhole: true,
    unresolved: new Set(),
    origin: origin.source,
    schema: check === null ? null : { check, origin },
    commandLine: readArguments(input),
    templateAccount: readAccount(readTemplate(toRecord(object.spec), operator)),
    mountPaths: readMountPaths(toRecord(object.spec), operator),
    settingProblems: settingProblems(conf, toRecord(toRecord(object.metadata).annotations)),
    driverLimitMiB,
  }
}

function readArguments({ object, operator, origin }: ApplicationInput): CommandLine {
  const field = operator === 'kubeflow' ? 'arguments' : 'driverArgs'
  const words = toList(toRecord(object.spec)[field]).map(
    (word, index): WrittenWord => ({
      text: toText(word),
      field: toSourcePath(origin, `spec.${field}[${index}]`),
      line: origin.lineOf(['spec', field, index]),
    }),
  )
  return { applicationArguments: words, unknownOptions: [] }
}

/** The spec of the driver's pod template. */
function readTemplate(spec: Readonly<Record<string, unknown>>, operator: 'kubeflow' | 'apache') {
  const template = operator === 'kubeflow' ? toRecord(spec.driver).template : toRecord(spec.driverSpec).podTemplateSpec
  return toRecord(toRecord(template).spec)
}

function readAccount({ serviceAccountName, serviceAccount }: Readonly<Record<string, unknown>>): string | null {
  const account = serviceAccountName ?? serviceAccount
  return typeof account === 'string' ? account : null
}

function readMountPaths(spec: Readonly<Record<string, unknown>>, operator: 'kubeflow' | 'apache'): readonly string[] {
  const containers = toList(readTemplate(spec, operator).containers).map(toRecord)
  const mounts = [
    ...toList(toRecord(spec.driver).volumeMounts),
    ...containers.flatMap(({ volumeMounts }) => toList(volumeMounts)),
  ]
  return mounts.map((mount) => toText(toRecord(mount).mountPath ?? ''))
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
