/**
 * Why the pod of a driver that hangs or is stuck is not deleted: a stable code for logs and tests, and the sentence that
 * the Event shows after "spark-nanny did not delete the pod:".
 */
export const blockReasons = {
  'report-only': 'spark-nanny is configured to report only (SPARK_NANNY_FALLBACK)',
  'observe-mode': 'the driver’s setting restart is observe',
  'unproven-driver':
    'the pod may not be a cluster-mode Spark driver with its own UI. If it is, set spark-nanny.io/assume-driver to true',
  'hangs-only-reported':
    'hangs of this driver are only reported, for example because a debugger can be attached, it has its own liveness probe, or it has no sidecar and uses the node’s network',
  'acts-on-nothing': 'the driver’s setting act-on is nothing',
  inconclusive: 'the verdict is not certain from outside the pod, or the driver may be finishing',
  'never-answered': 'the driver’s UI has never answered, so that it may be invisible to spark-nanny',
  'behind-proxy':
    'something accepts connections to a port of the pod that nothing serves, so that a proxy, and not the driver, may be silent',
  'not-reached': 'the driver was not reached during its silence, or no longer is, so that the network may be the cause',
  'recently-started': 'the driver has been running for less than a minute',
  'no-owner': 'no owner is known that would start the driver again',
  paused: 'spark-nanny is paused by spark-nanny.io/paused-until',
  quarantined:
    'the application is quarantined, because too many of its drivers were deleted. The quarantine ends when the SparkApplication changes, or when the annotation spark-nanny.io/actions is removed from it',
  backoff: 'the application’s last driver was deleted a short time ago',
  'application-budget': 'too many drivers of the application were deleted within the window',
  'namespace-budget': 'too many drivers of the namespace were deleted within the window',
  'cluster-budget': 'too many drivers of the cluster were deleted within the window',
  'budget-unknown':
    'the number of earlier deletions is not known yet, because the SparkApplications could not be listed',
  'circuit-breaker-open':
    'too many drivers are unhealthy at the same time, or all drivers of the node or namespace are, which points to the network rather than the drivers',
  'many-drivers-stuck':
    'too many drivers are stuck in the same way at the same time, so that another pod would not start either',
} as const satisfies Record<string, string>

export type BlockReason = keyof typeof blockReasons
