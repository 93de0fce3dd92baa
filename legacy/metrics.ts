/** Metrics that keep the predecessor's names, labels and buckets, so that its users' dashboards and alerts still work. */
export const legacyMetrics = {
  /** Counter of the deleted driver pods. */
  kills: { name: 'spark_nanny_kill_count', labelNames: ['spark_app'] },
  /** Histogram of the polls of a Spark UI, in seconds. */
  polls: {
    name: 'spark_nanny_poke_duration_seconds',
    labelNames: ['spark_app'],
    buckets: [0.1, 0.25, 0.5, 1, 2],
  },
} as const
