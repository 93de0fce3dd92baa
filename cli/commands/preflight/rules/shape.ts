import { showValue, toRecord, toText } from '../../../../core/json.ts'
import { hasSchemaProblem } from '../../../config-checks/schema.ts'
import { toSourcePath } from '../../../spark-conf/application-conf.ts'
import { createConfLookup } from '../../../spark-conf/effective-conf.ts'
import { isInternalProgram } from '../../../spark-conf/main-file.ts'
import { driverMemory, executorMemory } from '../../../spark-conf/spark-memory.ts'
import type { ApplicationInput, ConfInput } from '../../../static-checks/input.ts'
import {
  evidenceAt,
  evidenceFor,
  type PreflightRule,
  type PreflightSubject,
  type PreflightViolation,
  type PreflightViolations,
} from '../evidence.ts'

/** Checks the name and mode of a SparkApplication, and the file and class that the driver runs. */
export const shape: PreflightRule = (subject) => [...checkApplication(subject), ...checkMainFile(subject)]

/** A field of the SparkApplication and what is wrong with it. The two join to a sentence. */
interface FieldProblem {
  readonly path: string
  readonly problem: string
  readonly severity?: 'warning'
}

function checkApplication({ input, workload, schema }: PreflightSubject): PreflightViolations {
  if (input.kind !== 'application') return []
  const problems = [
    ...findNameProblems(input),
    ...findPodPartProblems(input, workload, schema),
    ...(input.operator === 'kubeflow' ? findKubeflowProblems(toRecord(input.object.spec)) : []),
  ]
  return problems.map((problem) => toViolation('shape', problem, input))
}

function toViolation(
  check: 'shape' | 'mainFile',
  { path, problem, severity }: FieldProblem,
  input: ApplicationInput,
): PreflightViolation {
  const shown = toSourcePath(input.origin, path)
  return {
    check,
    details: { path: shown, problem },
    evidence: evidenceAt(input, path, shown),
    ...(severity !== undefined && { severity }),
  }
}

/** The operator appends a time in nanoseconds to the name of a ScheduledSparkApplication. Its option may shorten it to minutes. */
const scheduleSuffix = { usual: 20, shortest: 9 } as const

function findNameProblems({ object, written }: ApplicationInput): readonly FieldProblem[] {
  const { name, generateName } = toRecord(object.metadata)
  const path = 'metadata.name'
  if (name === undefined && typeof generateName === 'string') return []
  if (typeof name !== 'string' || !/^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(name) || name.length > 63) {
    const value = name === undefined ? 'not set' : showValue(name, 128)
    const form = 'at most 63 lower-case letters, digits and -, and start with a letter'
    return [{ path, problem: `is ${value}; it must consist of ${form}, because Services are named after it` }]
  }
  if (written.kind !== 'ScheduledSparkApplication' || name.length + scheduleSuffix.usual <= 63) return []
  const problem = `has ${name.length} characters; the operator appends up to ${scheduleSuffix.usual}, and only 63 are allowed`
  return [{ path, problem, ...(name.length + scheduleSuffix.shortest <= 63 && { severity: 'warning' as const }) }]
}

/** Without a workload, a memory size is invalid or a part of a pod is malformed. Other rules report most of these. */
function findPodPartProblems(
  { conf }: ApplicationInput,
  workload: PreflightSubject['workload'],
  schema: PreflightSubject['schema'],
): readonly FieldProblem[] {
  if (workload !== null || hasSchemaProblem(schema, ['spec'])) return []
  const value = createConfLookup(conf)
  const sizes = [driverMemory(value, conf.language), executorMemory(value, conf.language)]
  return sizes.includes(undefined) ? [] : [{ path: 'spec', problem: 'contains a malformed part of a pod' }]
}

type Spec = Readonly<Record<string, unknown>>

function findKubeflowProblems({ mode, restartPolicy }: Spec): readonly FieldProblem[] {
  const { type, onFailureRetries } = toRecord(restartPolicy)
  const problems: FieldProblem[] = []
  if (mode === 'client') {
    const problem = 'is client; it must be cluster, because other modes create no driver pod'
    problems.push({ path: 'spec.mode', problem })
  }
  if (type === 'OnFailure' && (onFailureRetries === undefined || onFailureRetries === null)) {
    const problem = 'is not set, so OnFailure does not retry'
    problems.push({ path: 'spec.restartPolicy.onFailureRetries', problem, severity: 'warning' })
  }
  return problems
}

function checkMainFile({ input }: PreflightSubject): PreflightViolations {
  return input.kind === 'application' ? checkApplicationFiles(input) : checkCommandFile(input)
}

function checkApplicationFiles(input: ApplicationInput): PreflightViolations {
  const spec = toRecord(input.object.spec)
  const isKubeflow = input.operator === 'kubeflow'
  const fields = isKubeflow ? ['mainApplicationFile'] : ['jars', 'pyFiles', 'sparkRFiles']
  const problems = fields.flatMap((field) => {
    const file = spec[field]
    if (typeof file !== 'string') return []
    const path = `spec.${field}`
    const found = isKubeflow
      ? (findFileProblem(file, input.conf) ?? findClassProblem(file, spec))
      : file
          .split(',')
          .map(findLocalProblem)
          .find((problem) => problem !== undefined)
    return found === undefined ? [] : [{ path, ...(typeof found === 'string' ? { problem: found } : found) }]
  })
  return problems.map((problem) => toViolation('mainFile', problem, input))
}

function checkCommandFile(input: ConfInput): PreflightViolations {
  const { mainFile, conf, mode, command, name } = input
  if (mainFile === undefined || (mode !== 'cluster' && mode !== 'unknown')) return []
  const path = 'the file that is run'
  const problem =
    (mode === 'cluster' ? findFileProblem(mainFile, conf) : findLocalProblem(mainFile)) ??
    (mode === 'cluster' && command?.mainClass === null ? findClassProblem(mainFile, {})?.problem : undefined)
  if (problem === undefined) return []
  return [{ check: 'mainFile', details: { path, problem }, evidence: evidenceFor(name, `${path}: ${mainFile}`) }]
}

/** The file of the image that a URI names is its path, without a host (Utils.resolveURI). */
function findLocalProblem(file: string): string | undefined {
  if (!file.trim().startsWith('local:') || /^\s*local:\/(?!\/[^/])/.test(file)) return undefined
  const folder = /^\s*local:\/\/([^/]+)\//.exec(file)?.[1]
  const why = folder === undefined ? '' : `, because Spark takes ${folder} for a host and looks in the next folder`
  return `is ${file}; it must have the form local:///opt/spark/app.jar${why}`
}

function findFileProblem(file: string, conf: ApplicationInput['conf']): string | undefined {
  const local = findLocalProblem(file)
  if (local !== undefined) return local
  if (isInternalProgram(file)) return undefined
  const isOnSubmitter = !/^[a-z][a-z0-9+.-]*:/i.test(file) || file.startsWith('file:')
  if (!isOnSubmitter || createConfLookup(conf)('spark.kubernetes.file.upload.path') !== undefined) return undefined
  const cure = 'use local:// for a file in the image, or set spark.kubernetes.file.upload.path'
  return `is ${file}, a file on the machine that submits: ${cure}`
}

/** spark-submit reads the class from the manifest of a jar only if the jar is a file on its own machine. */
function findClassProblem(file: string, { type, mainClass }: Spec): FieldProblem | undefined {
  const isJvm = type === 'Java' || type === 'Scala' || type === undefined
  if (!isJvm || (mainClass !== undefined && mainClass !== null && mainClass !== '')) return undefined
  if (/\.(py|R)$/i.test(file) || (type === undefined && !/\.jar$/i.test(file))) return undefined
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(file)?.[1] ?? 'file'
  if (scheme === 'file') return undefined
  const place = scheme === 'local' ? 'in the image' : `at ${toText(scheme)}:`
  return { path: 'spec.mainClass', problem: `is not set, and spark-submit cannot read the class from a jar ${place}` }
}
