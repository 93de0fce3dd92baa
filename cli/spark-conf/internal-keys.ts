/** Settings that Spark writes into the driver's ConfigMap, and that spark-nanny's webhook adds to the driver's arguments. */
export function isInternalKey(key: string): boolean {
  return (
    sparksOwn.has(key) || key.startsWith('spark.app.') || key.startsWith('spark.kubernetes.driver.label.spark-nanny')
  )
}
const sparksOwn = new Set([
  'spark.driver.host',
  'spark.driver.port',
  'spark.driver.blockManager.port',
  'spark.driver.bindAddress',
  'spark.kubernetes.submitInDriver',
  'spark.kubernetes.resource.type',
  'spark.kubernetes.allocation.driver.readinessTimeout',
  'spark.kubernetes.driver.service.deleteOnTermination',
  'spark.submit.deployMode',
])
