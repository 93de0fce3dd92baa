/**
 * Keys whose last part is the user's own: a label, an environment variable, a volume's name. Spark reads them by prefix
 * and registers none of them (deploy/k8s/Config.scala, internal/config/package.scala, docs/configuration.md).
 */
const families: readonly string[] = [
  'spark.hadoop.',
  'spark.executorEnv.',
  'spark.redaction.',
  'spark.metrics.conf.',
  'spark.ssl.',
  'spark.sql.catalog.',
  'spark.sql.streaming.kafka.',
  'spark.kubernetes.driver.label.',
  'spark.kubernetes.driver.annotation.',
  'spark.kubernetes.driver.service.label.',
  'spark.kubernetes.driver.service.annotation.',
  'spark.kubernetes.driver.node.selector.',
  'spark.kubernetes.driver.secrets.',
  'spark.kubernetes.driver.secretKeyRef.',
  'spark.kubernetes.driver.volumes.',
  'spark.kubernetes.driverEnv.',
  'spark.kubernetes.executor.label.',
  'spark.kubernetes.executor.annotation.',
  'spark.kubernetes.executor.node.selector.',
  'spark.kubernetes.executor.secrets.',
  'spark.kubernetes.executor.secretKeyRef.',
  'spark.kubernetes.executor.volumes.',
  'spark.kubernetes.node.selector.',
  'spark.driver.resource.',
  'spark.executor.resource.',
  'spark.task.resource.',
]

/** What Spark reads by these shapes: credentials, transports by name (TransportConf), parameters of a named class. */
const shapes: readonly RegExp[] = [
  /^spark\.kubernetes\.authenticate\.((submission|driver|driver\.mounted|executor)\.)?(caCertFile|clientKeyFile|clientCertFile|oauthToken|oauthTokenFile|serviceAccountName)$/,
  // What Spark writes for its own drivers and executors.
  /^spark\.kubernetes\.(setSubmitTimeInDriver|executor\.hadoopConfigMapName|kerberos\.dt[\w.-]*)$/,
  /^spark\.(rpc|shuffle|files|fs)\.io\.\w+$/,
  /^spark\.[\w$.]+\.params?\.[\w.]+$/,
]

/** Whether any key of this shape may be right though no release registers it. */
export function isOpenFamily(key: string): boolean {
  return (
    families.some((prefix) => key.startsWith(prefix) && key.length > prefix.length) ||
    shapes.some((shape) => shape.test(key))
  )
}

/** A key of a cluster manager that does not run on Kubernetes; it is read by nobody there. */
export function foreignManager(key: string): 'YARN' | 'Mesos' | 'Standalone' | undefined {
  if (key.startsWith('spark.yarn.')) return 'YARN'
  if (key.startsWith('spark.mesos.')) return 'Mesos'
  return /^spark\.(deploy|worker|master)\./.test(key) ? 'Standalone' : undefined
}

/** Families within the name space that is Spark's alone, for spelling: `spark.kubernetes.driver.labels.x` for `….label.x`. */
export function kubernetesFamilies(): readonly string[] {
  return families.filter((prefix) => prefix.startsWith('spark.kubernetes.'))
}
