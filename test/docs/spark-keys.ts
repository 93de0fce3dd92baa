/**
 * The settings that remedies name, each looked up in Spark 4.0.1's own documentation (configuration.md,
 * running-on-kubernetes.md, sql-performance-tuning.md) or in its registry of settings.
 */
export const knownSparkKeys: ReadonlySet<string> = new Set([
  'spark.kryoserializer.buffer.max',
  'spark.rpc.message.maxSize',
  'spark.jars.ivy',
  'spark.driver.memory',
  'spark.driver.memoryOverhead',
  'spark.driver.extraJavaOptions',
  'spark.driver.maxResultSize',
  'spark.dynamicAllocation.shuffleTracking.enabled',
  'spark.eventLog.overwrite',
  'spark.decommission.enabled',
  'spark.executor.extraJavaOptions',
  'spark.executor.instances',
  'spark.executor.memory',
  'spark.executor.memoryOverhead',
  'spark.kubernetes.driver.limit.cores',
  'spark.kubernetes.driver.request.cores',
  'spark.kubernetes.executor.deleteOnTermination',
  'spark.kubernetes.executor.limit.cores',
  'spark.python.worker.faulthandler.enabled',
  'spark.sql.autoBroadcastJoinThreshold',
  'spark.sql.broadcastTimeout',
])
