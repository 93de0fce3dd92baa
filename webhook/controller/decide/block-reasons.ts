/** Why the pod of a driver that hangs or is stuck is not deleted: a stable code for logs and tests, and a sentence for people. */
export const blockReasons = {
  'report-only': 'spark-nanny is set to report only (SPARK_NANNY_FALLBACK)',
  'observe-mode': 'its setting restart is observe',
  inconclusive: 'only a Spark UI that stopped answering is proof enough from outside the pod',
  'recently-started': 'it has been running for less than a minute',
  'no-owner': 'nothing is known that would make it again',
  paused: 'it is paused by spark-nanny.io/paused-until',
  quarantined:
    'too many of the application’s drivers were deleted: it is left alone until its SparkApplication changes or the annotation spark-nanny.io/actions is removed from it',
  backoff: 'the application’s last driver was deleted only just now',
  'application-budget': 'too many drivers of the application were deleted within the window',
  'namespace-budget': 'too many drivers of the namespace were deleted within the window',
  'cluster-budget': 'too many drivers of the cluster were deleted within the window',
  'budget-unknown':
    'how many drivers were deleted before is not known, since the SparkApplications could not be listed yet',
  'circuit-breaker-open':
    'too many drivers are unhealthy at once, or all of its node or namespace, which looks like the network rather than the drivers',
  'many-drivers-stuck': 'too many drivers are stuck in the same way at once, so that another pod would fare no better',
} as const satisfies Record<string, string>

export type BlockReason = keyof typeof blockReasons
