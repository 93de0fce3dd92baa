/**
 * What the webhook writes into a driver pod and what the sidecar finds there. Both sides import it, so that a
 * name changes in one place or not at all.
 */

/** Prefix of every label and annotation of ours. */
export const domain = 'spark-nanny.io'

/** Namespace label that opts in, with the value `enabled`. */
export const injectLabel = `${domain}/inject`

/** Pod annotation: the version of spark-nanny that injected the sidecar. */
export const injectedAnnotation = `${domain}/injected`

/**
 * Pod annotation: what the application id of the *next* driver of this pod ends in (`-2`, `-3`, …), absent until the
 * first driver runs. The kubelet resolves it anew at each container start, and an absent annotation is an empty
 * string, so a pod whose annotation nobody writes keeps Spark's own application id.
 */
export const nextApplicationIdSuffixAnnotation = `${domain}/next-application-id-suffix`

/** Pod annotation: when the driver's own image took the place of the sidecar's, so that the driver could start, and whose. */
export const bypassedAnnotation = `${domain}/sidecar-bypassed`

/**
 * Annotation of a pod, a SparkApplication or a namespace: nothing is done about its drivers before the time that begins
 * the value; the rest says why.
 */
export const pausedUntilAnnotation = `${domain}/paused-until`

/** SparkApplication annotation: what was done about its drivers last, as JSON. To remove it ends a quarantine. */
export const actionsAnnotation = `${domain}/actions`

/** SparkApplication annotation: the last recoveries by `spark-nanny recover`, as JSON. */
export const recoveriesAnnotation = `${domain}/recoveries`

/** Annotation of a driver pod: when `spark-nanny recover` had it run again. A change of it in a spec is what has an operator do so. */
export const rerunAnnotation = `${domain}/rerun`

/** Annotations that are no settings, and not misspelt ones either. */
export const reservedAnnotations: readonly string[] = [
  injectedAnnotation,
  nextApplicationIdSuffixAnnotation,
  bypassedAnnotation,
  pausedUntilAnnotation,
  actionsAnnotation,
  recoveriesAnnotation,
  rerunAnnotation,
]

export const sidecarContainerName = 'spark-nanny'
export const verdictVolumeName = 'spark-nanny'
export const noTokenVolumeName = 'spark-nanny-no-token'
export const verdictDir = '/var/run/spark-nanny'
export const sparkConfDir = '/etc/spark-nanny/spark-conf'
export const serviceAccountTokenDir = '/var/run/secrets/kubernetes.io/serviceaccount'

/**
 * Files in the verdict volume. The probes look for the *bad* ones: no sidecar, no file, no kill. `ready` serves only
 * readiness, which kills nothing.
 */
export const verdictFiles = {
  starting: 'starting',
  hung: 'hung',
  ready: 'ready',
  /** Left by the startup probe, from inside the driver container; see `startupProbeTells` of DriverPolicy. */
  running: 'running',
  restartState: 'restart-state.json',
} as const

/** Port of the sidecar's /readyz, /status and /metrics. */
export const sidecarPort = 9165

/** The sidecar's exit code that the pod's restart rule answers with RestartAllContainers. */
export const restartAllContainersExitCode = 88

/** Environment of the sidecar container. */
export const sidecarEnv = {
  /** The DriverPolicy, as JSON. */
  policy: 'SPARK_NANNY_POLICY',
  /** Never set in a pod: a folder that stands for `/` when the sidecar runs as a plain process (demo, tests, bench). */
  root: 'SPARK_NANNY_ROOT',
} as const

/** Environment variable of the driver container, resolved from {@link nextApplicationIdSuffixAnnotation}. */
export const applicationIdSuffixEnv = 'SPARK_NANNY_APPLICATION_ID_SUFFIX'

export interface SidecarImage {
  readonly image: string
  readonly imagePullPolicy: 'Always' | 'IfNotPresent' | 'Never'
}

/** Kubernetes ≥ 1.36: restarts all containers of the pod in place. */
export const restartAllContainersRule = {
  action: 'RestartAllContainers',
  exitCodes: { operator: 'In', values: [restartAllContainersExitCode] },
} as const
