import { isRecord, toRecord } from '../../core/json.ts'
import type { SparkOperator } from '../../core/spark/application.ts'
import { type ConfBuilder, createConfBuilder, type EffectiveConf } from './effective-conf.ts'
import { detectLanguage } from './main-file.ts'
import type { Language } from './spark-memory.ts'
import { parseSparkVersion, type SparkVersion } from './spark-version.ts'

/**
 * The configuration with which an operator submits a SparkApplication. `version` takes precedence over the application.
 * kubeflow puts its fields after sparkConf on spark-submit's command line, so the fields take precedence. Image, overhead
 * factor and Python version come before sparkConf (internal/controller/sparkapplication/submission.go).
 */
export function buildApplicationConf(
  object: Readonly<Record<string, unknown>>,
  operator: SparkOperator,
  version: SparkVersion | undefined,
  origin: ConfOrigin,
): EffectiveConf {
  const spec = toRecord(object.spec)
  const builder = createConfBuilder()
  const fill: Fill = { builder, origin }
  if (operator === 'kubeflow') kubeflowConf(spec, toRecord(object.metadata), fill)
  else setAll(fill, spec.sparkConf, '', 'spec.sparkConf')
  const language = operator === 'kubeflow' ? kubeflowLanguage(spec) : apacheLanguage(spec)
  const stated = operator === 'kubeflow' ? spec.sparkVersion : toRecord(spec.runtimeVersions).sparkVersion
  return builder.build(language, version ?? (typeof stated === 'string' ? parseSparkVersion(stated) : undefined))
}

/** The source of the object. */
export interface ConfOrigin {
  /** Name of the file, or `SparkApplication NAME`. */
  readonly source: string
  /** The spec of the SparkApplication in the source. A ScheduledSparkApplication contains a template. */
  readonly specPath: 'spec' | 'spec.template'
  /** The kind of the object in the source. */
  readonly kind: string
  /** The line of a field, by its path in the source. Null if it is unknown. */
  lineAt(path: readonly (string | number)[]): number | null
  /** The line of a field of the SparkApplication, by its path from `spec` or `metadata`. Null if it is unknown. */
  lineOf(path: readonly (string | number)[]): number | null
}

/** The origin of an object that was read from a cluster, which has no lines. */
export const createLiveOrigin = (source: string): ConfOrigin => ({
  source,
  specPath: 'spec',
  kind: 'SparkApplication',
  lineAt: () => null,
  lineOf: () => null,
})

/** The path of a field, such as `spec.driver.memory`, as the source contains it. */
export const toSourcePath = ({ specPath }: Pick<ConfOrigin, 'specPath'>, path: string): string =>
  path === 'spec' || /^spec[.[]/.test(path) ? `${specPath}${path.slice('spec'.length)}` : path

interface Fill {
  readonly builder: ConfBuilder
  readonly origin: ConfOrigin
}

function kubeflowConf(
  spec: Readonly<Record<string, unknown>>,
  metadata: Readonly<Record<string, unknown>>,
  fill: Fill,
): void {
  const { builder, origin } = fill
  const set = (key: string, value: unknown, path: string) => {
    if (!isScalar(value)) return
    const place = { source: origin.source, field: toSourcePath(origin, path), line: origin.lineOf(path.split('.')) }
    builder.set(key, String(value), place)
  }
  set('spark.kubernetes.namespace', metadata.namespace, 'metadata.namespace')
  set('spark.kubernetes.container.image', spec.image, 'spec.image')
  set('spark.kubernetes.container.image.pullPolicy', spec.imagePullPolicy, 'spec.imagePullPolicy')
  if (Array.isArray(spec.imagePullSecrets)) {
    set('spark.kubernetes.container.image.pullSecrets', spec.imagePullSecrets.join(','), 'spec.imagePullSecrets')
  }
  set('spark.kubernetes.memoryOverheadFactor', spec.memoryOverheadFactor, 'spec.memoryOverheadFactor')
  setAll(fill, spec.sparkConf, '', 'spec.sparkConf')
  setAll(fill, spec.hadoopConf, 'spark.hadoop.', 'spec.hadoopConf')
  for (const [field, key] of Object.entries(dependencyFields)) {
    const values = toRecord(spec.deps)[field]
    if (Array.isArray(values)) set(key, values.filter(isScalar).join(','), `spec.deps.${field}`)
  }
  for (const [role, fields] of Object.entries(podFields)) {
    const part = toRecord(spec[role])
    for (const [field, key] of Object.entries(fields)) set(key, part[field], `spec.${role}.${field}`)
    setAll(fill, part.annotations, `spark.kubernetes.${role}.annotation.`, `spec.${role}.annotations`)
    setAll(fill, part.labels, `spark.kubernetes.${role}.label.`, `spec.${role}.labels`)
  }
  const dynamic = toRecord(spec.dynamicAllocation)
  if (dynamic.enabled === true) {
    set('spark.dynamicAllocation.enabled', true, 'spec.dynamicAllocation.enabled')
    // The operator enables it for every version of Spark (dynamicAllocationOption).
    set('spark.dynamicAllocation.shuffleTracking.enabled', true, 'spec.dynamicAllocation')
    for (const field of ['initialExecutors', 'minExecutors', 'maxExecutors']) {
      set(`spark.dynamicAllocation.${field}`, dynamic[field], `spec.dynamicAllocation.${field}`)
    }
  }
}

/** dependenciesOption of the operator puts them on the command line as flags. */
const dependencyFields: Readonly<Record<string, string>> = {
  jars: 'spark.jars',
  packages: 'spark.jars.packages',
  excludePackages: 'spark.jars.excludes',
  repositories: 'spark.jars.repositories',
  pyFiles: 'spark.submit.pyFiles',
  files: 'spark.files',
  archives: 'spark.archives',
}

const podFields: Readonly<Record<'driver' | 'executor', Readonly<Record<string, string>>>> = {
  driver: {
    image: 'spark.kubernetes.driver.container.image',
    podName: 'spark.kubernetes.driver.pod.name',
    cores: 'spark.driver.cores',
    coreRequest: 'spark.kubernetes.driver.request.cores',
    coreLimit: 'spark.kubernetes.driver.limit.cores',
    memory: 'spark.driver.memory',
    memoryOverhead: 'spark.driver.memoryOverhead',
    serviceAccount: 'spark.kubernetes.authenticate.driver.serviceAccountName',
    javaOptions: 'spark.driver.extraJavaOptions',
    kubernetesMaster: 'spark.kubernetes.driver.master',
  },
  executor: {
    image: 'spark.kubernetes.executor.container.image',
    instances: 'spark.executor.instances',
    cores: 'spark.executor.cores',
    coreRequest: 'spark.kubernetes.executor.request.cores',
    coreLimit: 'spark.kubernetes.executor.limit.cores',
    memory: 'spark.executor.memory',
    memoryOverhead: 'spark.executor.memoryOverhead',
    serviceAccount: 'spark.kubernetes.authenticate.executor.serviceAccountName',
    javaOptions: 'spark.executor.extraJavaOptions',
    deleteOnTermination: 'spark.kubernetes.executor.deleteOnTermination',
  },
}

function setAll({ builder, origin }: Fill, values: unknown, prefix: string, field: string): void {
  if (!isRecord(values)) return
  for (const [key, value] of Object.entries(values)) {
    if (!isScalar(value)) continue
    const line = origin.lineOf([...field.split('.'), key])
    builder.set(`${prefix}${key}`, String(value), { source: origin.source, field: toSourcePath(origin, field), line })
  }
}

const isScalar = (value: unknown): value is string | number | boolean =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'

function kubeflowLanguage({ type, mainApplicationFile }: Readonly<Record<string, unknown>>): Language {
  if (type === 'Python') return 'python'
  if (type === 'R') return 'r'
  return type === undefined
    ? detectLanguage(typeof mainApplicationFile === 'string' ? mainApplicationFile : undefined)
    : 'jvm'
}

function apacheLanguage({ pyFiles, sparkRFiles }: Readonly<Record<string, unknown>>): Language {
  if (typeof pyFiles === 'string' && pyFiles !== '') return 'python'
  return typeof sparkRFiles === 'string' && sparkRFiles !== '' ? 'r' : 'jvm'
}
