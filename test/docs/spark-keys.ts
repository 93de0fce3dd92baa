/** The settings that remedies name, each looked up in Spark 4.0.1's own documentation (configuration.md, running-on-kubernetes.md, sql-performance-tuning.md). */
export const knownSparkKeys: ReadonlySet<string> = new Set([
  'spark.driver.memory',
  'spark.driver.memoryOverhead',
  'spark.driver.extraJavaOptions',
  'spark.driver.maxResultSize',
  'spark.dynamicAllocation.shuffleTracking.enabled',
  'spark.eventLog.dir',
  'spark.eventLog.overwrite',
  'spark.executor.instances',
  'spark.executor.memory',
  'spark.executor.memoryOverhead',
  'spark.kubernetes.driver.limit.cores',
  'spark.kubernetes.driver.request.cores',
  'spark.kubernetes.executor.deleteOnTermination',
  'spark.kubernetes.executor.limit.cores',
  'spark.sql.autoBroadcastJoinThreshold',
  'spark.sql.broadcastTimeout',
])
