import { toRecord, toText } from '../../../../core/json.ts'
import { findNearestSpelling } from '../../../../core/settings/settings.ts'
import { sparkApplicationApis } from '../../../../core/spark/application.ts'
import { createConfLookup } from '../../../spark-conf/effective-conf.ts'
import { driverMemory, executorMemory } from '../../../spark-conf/spark-memory.ts'
import type { Input } from '../../../static-checks/input.ts'
import {
  evidenceFor,
  formatOrigin,
  type PreflightRule,
  type PreflightSubject,
  type PreflightViolations,
} from '../evidence.ts'

/** Checks the fields of a SparkApplication that its operator requires, and the file and class that the driver runs. */
export const shape: PreflightRule = (subject) => [...checkApplication(subject), ...checkMainFile(subject)]

const requiredFields = {
  kubeflow: ['type', 'sparkVersion', 'mainApplicationFile', 'driver', 'executor'],
  apache: ['runtimeVersions'],
} as const
const applicationTypes = ['Java', 'Scala', 'Python', 'R']
const restartTypes = ['Never', 'OnFailure', 'Always']

/** The fields of kubeflow's v1beta2 (api/v1beta2/sparkapplication_types.go). */
const kubeflowFields = [
  ...['type', 'sparkVersion', 'mode', 'proxyUser', 'image', 'imagePullPolicy', 'imagePullSecrets', 'mainClass'],
  ...['mainApplicationFile', 'arguments', 'sparkConf', 'hadoopConf', 'sparkConfigMap', 'hadoopConfigMap', 'volumes'],
  ...[
    'driver',
    'executor',
    'deps',
    'restartPolicy',
    'nodeSelector',
    'failureRetries',
    'retryInterval',
    'pythonVersion',
  ],
  ...['memoryOverheadFactor', 'monitoring', 'batchScheduler', 'timeToLiveSeconds', 'batchSchedulerOptions'],
  ...['sparkUIOptions', 'driverIngressOptions', 'dynamicAllocation', 'suspend'],
]

type ApplicationInput = Extract<Input, { readonly kind: 'application' }>
/** A field of the SparkApplication and what is wrong with it. The two join to a sentence. */
interface FieldProblem {
  readonly path: string
  readonly problem: string
}

function checkApplication({ input, workload }: PreflightSubject): PreflightViolations {
  if (input.kind !== 'application') return []
  const spec = toRecord(input.object.spec)
  const problems = [
    ...findMetadataProblems(input),
    ...findPodPartProblems(input, workload),
    ...findMissingFields(spec, requiredFields[input.operator]),
    ...(input.operator === 'kubeflow' ? findKubeflowProblems(spec) : findApacheProblems(spec)),
  ]
  return problems.map(({ path, problem }) => ({
    check: 'shape',
    details: { path, problem },
    evidence: evidenceFor(input.origin.source, path),
  }))
}

function findMetadataProblems({ object, operator }: ApplicationInput): readonly FieldProblem[] {
  const problems: FieldProblem[] = []
  const api = sparkApplicationApis.find((one) => one.operator === operator)
  const expected = `${api?.group}/${api?.version}`
  if (object.apiVersion !== expected) {
    problems.push({ path: 'apiVersion', problem: `is ${toText(object.apiVersion)}; it must be ${expected}` })
  }
  const { name } = toRecord(object.metadata)
  if (typeof name !== 'string' || !/^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(name) || name.length > 63) {
    const value = JSON.stringify(name) ?? 'not set'
    const form = 'at most 63 lower-case letters, digits and -, and start with a letter'
    const problem = `is ${value}; it must consist of ${form}, because Services are named after it`
    problems.push({ path: 'metadata.name', problem })
  }
  return problems
}

/** Without a workload, either a memory size is invalid, which other rules report, or a part of a pod is malformed. */
function findPodPartProblems({ conf }: Input, workload: PreflightSubject['workload']): readonly FieldProblem[] {
  if (workload !== null) return []
  const value = createConfLookup(conf)
  const sizes = [driverMemory(value, conf.language), executorMemory(value, conf.language)]
  return sizes.includes(undefined) ? [] : [{ path: 'spec', problem: 'contains a malformed part of a pod' }]
}

function findMissingFields(spec: Spec, required: readonly string[]): readonly FieldProblem[] {
  return required
    .filter((field) => spec[field] === undefined || spec[field] === null)
    .map((field) => ({ path: `spec.${field}`, problem: 'is not set' }))
}

type Spec = Readonly<Record<string, unknown>>

function findKubeflowProblems(spec: Spec): readonly FieldProblem[] {
  const problems = findUnknownFields(spec)
  const { type: restartType, onFailureRetries } = toRecord(spec.restartPolicy)
  const checked = [
    describeOtherChoice('spec.type', spec.type, applicationTypes),
    spec.mode === undefined || spec.mode === 'cluster'
      ? undefined
      : {
          path: 'spec.mode',
          problem: `is ${toText(spec.mode)}; it must be cluster, because other modes create no driver pod`,
        },
    describeOtherChoice('spec.restartPolicy.type', restartType, restartTypes),
    restartType === 'OnFailure' && onFailureRetries === undefined
      ? { path: 'spec.restartPolicy.onFailureRetries', problem: 'is not set, so OnFailure does not retry' }
      : undefined,
  ]
  return [...problems, ...checked.filter((problem) => problem !== undefined)]
}

function findUnknownFields(spec: Spec): readonly FieldProblem[] {
  const unknown = Object.keys(spec).filter((field) => !kubeflowFields.includes(field))
  return unknown.map((field) => {
    const nearest = findNearestSpelling(field, kubeflowFields)
    const suggestion = nearest === undefined ? '' : `; did you mean ${nearest}?`
    return { path: `spec.${field}`, problem: `is not a field of a SparkApplication${suggestion}` }
  })
}

function describeOtherChoice(path: string, value: unknown, choices: readonly string[]): FieldProblem | undefined {
  if (value === undefined || choices.includes(toText(value))) return undefined
  return { path, problem: `is ${toText(value)}; it must be one of ${choices.join(', ')}` }
}

function findApacheProblems({ runtimeVersions }: Spec): readonly FieldProblem[] {
  if (runtimeVersions === undefined || toRecord(runtimeVersions).sparkVersion !== undefined) return []
  return [{ path: 'spec.runtimeVersions.sparkVersion', problem: 'is not set' }]
}

function checkMainFile({ input }: PreflightSubject): PreflightViolations {
  if (input.kind === 'application' && input.operator !== 'kubeflow') return []
  const spec = input.kind === 'application' ? toRecord(input.object.spec) : {}
  const path = input.kind === 'application' ? 'spec.mainApplicationFile' : 'the file that is run'
  const file = input.kind === 'application' ? spec.mainApplicationFile : input.mainFile
  if (typeof file !== 'string') return []
  const details = findMainFileProblem(path, file, input) ?? findMainClassProblem(file, spec)
  if (details === undefined) return []
  const evidence = evidenceFor(formatOrigin(input), `${path}: ${file}`)
  return [{ check: 'mainFile', details: { ...details }, evidence }]
}

function findMainFileProblem(path: string, file: string, { conf }: Input): FieldProblem | undefined {
  if (file.startsWith('local:') && !/^local:\/\/\/?[^/]/.test(file)) {
    return { path, problem: `is ${file}; it must have the form local:///opt/spark/app.jar` }
  }
  const isOnSubmitter = !/^[a-z][a-z0-9+.-]*:/i.test(file) || file.startsWith('file:')
  if (!isOnSubmitter || createConfLookup(conf)('spark.kubernetes.file.upload.path') !== undefined) return undefined
  const cure = 'use local:// for a file in the image, or set spark.kubernetes.file.upload.path'
  return { path, problem: `is ${file}, a file on the machine that submits: ${cure}` }
}

function findMainClassProblem(file: string, { type, mainClass }: Spec): FieldProblem | undefined {
  const needsClass = type === 'Java' || type === 'Scala'
  if (!needsClass || mainClass !== undefined || !file.startsWith('local:')) return undefined
  return { path: 'spec.mainClass', problem: 'is not set, and spark-submit cannot read the jar in the image' }
}
