import { isRecord, recordOf } from '../../core/json.ts'
import type { SparkOperator } from '../../core/spark-application.ts'
import { languageOf } from './conf-file.ts'
import { ConfBuilder, type EffectiveConf, valueIn } from './effective-conf.ts'
import type { Language } from './spark-memory.ts'
import { parseSparkVersion, type SparkVersion, versionOfImage } from './spark-version.ts'

/**
 * The configuration that an operator submits a SparkApplication with. `version` outweighs what the application says.
 * kubeflow: its fields come after sparkConf on spark-submit's command line and so outweigh it, but for image, overhead
 * factor and Python version, which come before (internal/controller/sparkapplication/submission.go).
 */
export function applicationConf(
  object: Readonly<Record<string, unknown>>,
  operator: SparkOperator,
  version: SparkVersion | undefined,
): EffectiveConf {
  const spec = recordOf(object.spec)
  const builder = new ConfBuilder()
  if (operator === 'kubeflow') kubeflowConf(spec, recordOf(object.metadata), builder)
  else setAll(builder, spec.sparkConf, '', 'spec.sparkConf')
  const language = operator === 'kubeflow' ? kubeflowLanguage(spec) : apacheLanguage(spec)
  const stated = operator === 'kubeflow' ? spec.sparkVersion : recordOf(spec.runtimeVersions).sparkVersion
  const image = valueIn(builder.build(language, undefined))('spark.kubernetes.container.image')
  const known =
    version ?? (typeof stated === 'string' ? parseSparkVersion(stated) : undefined) ?? versionOfImage(image ?? '')
  return builder.build(language, known)
}

function kubeflowConf(
  spec: Readonly<Record<string, unknown>>,
  metadata: Readonly<Record<string, unknown>>,
  builder: ConfBuilder,
): void {
  const set = (key: string, value: unknown, path: string) => {
    if (isScalar(value)) builder.set(key, String(value), `spec.${path}`)
  }
  set('spark.kubernetes.namespace', metadata.namespace, '')
  set('spark.kubernetes.container.image', spec.image, 'image')
  set('spark.kubernetes.container.image.pullPolicy', spec.imagePullPolicy, 'imagePullPolicy')
  if (Array.isArray(spec.imagePullSecrets)) {
    set('spark.kubernetes.container.image.pullSecrets', spec.imagePullSecrets.join(','), 'imagePullSecrets')
  }
  set('spark.kubernetes.memoryOverheadFactor', spec.memoryOverheadFactor, 'memoryOverheadFactor')
  setAll(builder, spec.sparkConf, '', 'spec.sparkConf')
  setAll(builder, spec.hadoopConf, 'spark.hadoop.', 'spec.hadoopConf')
  for (const [role, fields] of Object.entries(podFields)) {
    const part = recordOf(spec[role])
    for (const [field, key] of Object.entries(fields)) set(key, part[field], `${role}.${field}`)
    setAll(builder, part.annotations, `spark.kubernetes.${role}.annotation.`, `spec.${role}.annotations`)
    setAll(builder, part.labels, `spark.kubernetes.${role}.label.`, `spec.${role}.labels`)
  }
  const dynamic = recordOf(spec.dynamicAllocation)
  if (dynamic.enabled === true) {
    set('spark.dynamicAllocation.enabled', true, 'dynamicAllocation.enabled')
    // The operator turns it on, whatever Spark's version (dynamicAllocationOption).
    set('spark.dynamicAllocation.shuffleTracking.enabled', true, 'dynamicAllocation')
    for (const field of ['initialExecutors', 'minExecutors', 'maxExecutors']) {
      set(`spark.dynamicAllocation.${field}`, dynamic[field], `dynamicAllocation.${field}`)
    }
  }
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

function setAll(builder: ConfBuilder, values: unknown, prefix: string, source: string): void {
  if (!isRecord(values)) return
  for (const [key, value] of Object.entries(values)) {
    if (isScalar(value)) builder.set(`${prefix}${key}`, String(value), source)
  }
}

const isScalar = (value: unknown): value is string | number | boolean =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'

function kubeflowLanguage({ type, mainApplicationFile }: Readonly<Record<string, unknown>>): Language {
  if (type === 'Python') return 'python'
  if (type === 'R') return 'r'
  return type === undefined
    ? languageOf(typeof mainApplicationFile === 'string' ? mainApplicationFile : undefined)
    : 'jvm'
}

function apacheLanguage({ pyFiles, sparkRFiles }: Readonly<Record<string, unknown>>): Language {
  if (typeof pyFiles === 'string' && pyFiles !== '') return 'python'
  return typeof sparkRFiles === 'string' && sparkRFiles !== '' ? 'r' : 'jvm'
}
