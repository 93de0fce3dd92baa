import { toRecord, toText } from '../../../../core/json.ts'
import { findNearestSpelling } from '../../../../core/settings/settings.ts'
import { sparkApplicationApis } from '../../../../core/spark/application.ts'
import { createConfLookup } from '../../../spark-conf/effective-conf.ts'
import { driverMemory, executorMemory } from '../../../spark-conf/spark-memory.ts'
import {
  evidenceFor,
  formatOrigin,
  type PreflightRule,
  type PreflightSubject,
  type PreflightViolations,
} from '../evidence.ts'

/** Fields of a SparkApplication that its operator asks for, and the file and class that are run. */
export const shape: PreflightRule = (subject) => [...applicationShape(subject), ...mainFile(subject)]

const requiredFields = {
  kubeflow: ['type', 'sparkVersion', 'mainApplicationFile', 'driver', 'executor'],
  apache: ['runtimeVersions'],
} as const
const types = ['Java', 'Scala', 'Python', 'R']

/** Of kubeflow's v1beta2 (api/v1beta2/sparkapplication_types.go). */
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

function applicationShape({ input, workload }: PreflightSubject): PreflightViolations {
  if (input.kind !== 'application') return []
  const { object, operator, origin } = input
  const breaches: PreflightViolations[number][] = []
  const add = (path: string, problem: string, excerpt = path) =>
    breaches.push({ check: 'shape', details: { path, problem }, evidence: evidenceFor(origin.source, excerpt) })
  const api = sparkApplicationApis.find((one) => one.operator === operator)
  const expected = `${api?.group}/${api?.version}`
  if (object.apiVersion !== expected) add('apiVersion', `is ${toText(object.apiVersion)}; it must be ${expected}`)
  const { name } = toRecord(object.metadata)
  if (typeof name !== 'string' || !/^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(name) || name.length > 63) {
    add(
      'metadata.name',
      `is ${JSON.stringify(name) ?? 'absent'}; it must be lower-case letters, digits and -, up to 63, beginning with a letter: Services are named after it`,
    )
  }
  const { conf } = input
  const sizes = [
    driverMemory(createConfLookup(conf), conf.language),
    executorMemory(createConfLookup(conf), conf.language),
  ]
  if (workload === null && !sizes.includes(undefined)) add('spec', 'gives the pods a part that has not its form')
  const spec = toRecord(object.spec)
  for (const field of requiredFields[operator]) {
    if (spec[field] === undefined || spec[field] === null) add(`spec.${field}`, 'is absent')
  }
  if (operator === 'kubeflow') {
    for (const field of Object.keys(spec)) {
      if (kubeflowFields.includes(field)) continue
      const nearest = findNearestSpelling(field, kubeflowFields)
      add(
        `spec.${field}`,
        `is no field of a SparkApplication${nearest === undefined ? '' : `; did you mean ${nearest}?`}`,
      )
    }
    if (spec.type !== undefined && !types.includes(toText(spec.type)))
      add('spec.type', `is ${toText(spec.type)}; it must be one of ${types.join(', ')}`)
    if (spec.mode !== undefined && spec.mode !== 'cluster')
      add('spec.mode', `is ${toText(spec.mode)}; it must be cluster: another mode makes no driver pod`)
    const { type, onFailureRetries } = toRecord(spec.restartPolicy)
    if (type !== undefined && !['Never', 'OnFailure', 'Always'].includes(toText(type)))
      add('spec.restartPolicy.type', `is ${toText(type)}; it must be one of Never, OnFailure, Always`)
    if (type === 'OnFailure' && onFailureRetries === undefined)
      add('spec.restartPolicy.onFailureRetries', 'is absent: OnFailure without it is no retry at all')
  } else if (toRecord(spec.runtimeVersions).sparkVersion === undefined && spec.runtimeVersions !== undefined) {
    add('spec.runtimeVersions.sparkVersion', 'is absent')
  }
  return breaches
}

function mainFile({ input }: PreflightSubject): PreflightViolations {
  const spec = input.kind === 'application' ? toRecord(input.object.spec) : {}
  if (input.kind === 'application' && input.operator !== 'kubeflow') return []
  const path = input.kind === 'application' ? 'spec.mainApplicationFile' : 'the file that is run'
  const file = input.kind === 'application' ? spec.mainApplicationFile : input.mainFile
  if (typeof file !== 'string') return []
  const breach = (where: string, problem: string): PreflightViolations => [
    {
      check: 'mainFile',
      details: { path: where, problem },
      evidence: evidenceFor(formatOrigin(input), `${path}: ${file}`),
    },
  ]
  if (file.startsWith('local:') && !/^local:\/\/\/?[^/]/.test(file))
    return breach(path, `is ${file}; it must be like local:///opt/spark/app.jar`)
  const isOfSubmitter = !/^[a-z][a-z0-9+.-]*:/i.test(file) || file.startsWith('file:')
  if (isOfSubmitter && createConfLookup(input.conf)('spark.kubernetes.file.upload.path') === undefined) {
    return breach(
      path,
      `is ${file}, a file of the machine that submits: give local:// for one of the image, or spark.kubernetes.file.upload.path`,
    )
  }
  if (
    input.kind === 'application' &&
    (spec.type === 'Java' || spec.type === 'Scala') &&
    spec.mainClass === undefined &&
    file.startsWith('local:')
  ) {
    return breach('spec.mainClass', 'is absent, and spark-submit cannot look into a jar of the image')
  }
  return []
}
