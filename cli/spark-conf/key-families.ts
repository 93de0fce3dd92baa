/**
 * Keys whose last part the user chooses: a label, an environment variable, the name of a volume. Spark reads them by prefix
 * and does not register them (deploy/k8s/Config.scala, internal/config/package.scala, docs/configuration.md).
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

/** Further forms that Spark reads: credentials, transports by name (TransportConf), parameters of a named class. */
const shapes: readonly RegExp[] = [
  /^spark\.kubernetes\.authenticate\.((submission|driver|driver\.mounted|executor)\.)?(caCertFile|clientKeyFile|clientCertFile|oauthToken|oauthTokenFile|serviceAccountName)$/,
  // Spark sets these for its own drivers and executors.
  /^spark\.kubernetes\.(setSubmitTimeInDriver|executor\.hadoopConfigMapName|kerberos\.dt[\w.-]*)$/,
  /^spark\.(rpc|shuffle|files|fs)\.io\.\w+$/,
  /^spark\.[\w$.]+\.params?\.[\w.]+$/,
]

/** Whether a key of this form may be valid although no release registers it. */
export function isOpenFamily(key: string): boolean {
  return (
    families.some((prefix) => key.startsWith(prefix) && key.length > prefix.length) ||
    shapes.some((shape) => shape.test(key))
  )
}

/** The cluster manager, other than Kubernetes, that reads the key. Undefined if there is none. */
export function foreignManager(key: string): 'YARN' | 'Mesos' | 'Standalone' | undefined {
  if (key.startsWith('spark.yarn.')) return 'YARN'
  if (key.startsWith('spark.mesos.')) return 'Mesos'
  return /^spark\.(deploy|worker|master)\./.test(key) ? 'Standalone' : undefined
}

/** Prefixes that only Spark uses, to find misspellings such as `spark.kubernetes.driver.labels.x` for `….label.x`. */
export function kubernetesFamilies(): readonly string[] {
  return families.filter((prefix) => prefix.startsWith('spark.kubernetes.'))
}
