/**
 * The names that the webhook writes into a driver pod and that the sidecar, the controller and the CLI find there. All of
 * them import this file, so that a name cannot change for only one of them.
 */

/** Prefix of every label and annotation of spark-nanny. */
export const domain = 'spark-nanny.io'

/** Label of a namespace. With the value `enabled`, drivers in the namespace get the sidecar. */
export const injectLabel = `${domain}/inject`

/** Pod annotation: the version of spark-nanny that injected the sidecar. */
export const injectedAnnotation = `${domain}/injected`

/**
 * Pod annotation: the suffix of the application id of the *next* driver of this pod (`-2`, `-3`, …). It is absent until the
 * first driver runs. The kubelet reads it at each start of the container, and an absent annotation is an empty string: the
 * driver then keeps Spark's application id.
 */
export const nextApplicationIdSuffixAnnotation = `${domain}/next-application-id-suffix`

/** Pod annotation: when the sidecar was bypassed, that is, its image replaced by the driver's so that the driver can start. */
export const bypassedAnnotation = `${domain}/sidecar-bypassed`

/**
 * Annotation of a pod, a SparkApplication or a namespace. Its value is a time, followed by a reason. Before that time
 * spark-nanny takes no action on the drivers.
 */
export const pausedUntilAnnotation = `${domain}/paused-until`

/** SparkApplication annotation: the latest deletions of its driver pods, as JSON. Removing it ends a quarantine. */
export const actionsAnnotation = `${domain}/actions`

/** SparkApplication annotation: the last recoveries by `spark-nanny recover`, as JSON. */
export const recoveriesAnnotation = `${domain}/recoveries`

/** Annotation of a driver pod: when `spark-nanny recover` last reran it. Writing it changes the spec, so that the operator submits the driver again. */
export const rerunAnnotation = `${domain}/rerun`

/** Annotations of spark-nanny that are not settings, and must not be reported as misspelt settings. */
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
 * Files in the verdict volume. The startup and liveness probes only check that a *bad* file does not exist. Without a
 * sidecar there is no file, so the driver is not killed. The probe for `ready` only affects readiness, which kills nothing.
 */
export const verdictFiles = {
  starting: 'starting',
  /**
   * Three lines: the start time of the driver that the verdict is about, or {@link anyDriver}; the signal that ends its JVM
   * (`ALRM` or `KILL`) and, if it is known, a blank and the start time of that JVM; the reason, which the probe appends to
   * the driver's termination message.
   */
  hung: 'hung',
  ready: 'ready',
  /**
   * Written by the startup and liveness probes, inside the driver container: its processes and counters, in the format of
   * core/linux/process-record.ts. That it exists shows that the container runs. See `startupProbeTells` of DriverPolicy.
   */
  processes: 'processes',
  /** Written by the probes: the process id and the start time of the driver's JVM, so that they find it again quickly. */
  jvm: 'jvm',
  /** An id, unique for each episode of doubt. While it exists, the probes record more, and request a thread dump once. */
  doubt: 'doubt',
  /** Written by the probes: the line of `doubt` for which the JVM was last asked for a thread dump. */
  quit: 'quit',
  restartState: 'restart-state.json',
} as const

/**
 * The black boxes in the verdict volume: what the sidecar recorded at the last doubts about a driver. They survive restarts
 * in place, and are served as `/blackbox` and `/blackbox/N` on the status port.
 */
export const blackBoxNumbers = [1, 2, 3] as const
export type BlackBoxNumber = (typeof blackBoxNumbers)[number]
export const formatBlackBoxFile = (number: BlackBoxNumber) => `blackbox-${number}.json`
export const maxBlackBoxBytes = 512_000

/** In place of a start time: the verdict holds for any driver of the pod, because the start time of its driver is unknown. */
export const anyDriver = '*'

/** Port of the sidecar's /readyz, /status and /metrics. */
export const sidecarPort = 9165

/**
 * The exit code of a driver that the probe ended with SIGALRM (128 + 14). A JVM has no handler for that signal, and Spark
 * never uses this code, so that a restart rule of the driver's container (Kubernetes ≥ 1.35) restarts these drivers. Known
 * exception: a Python program that dies of its own `signal.alarm`.
 */
export const endedByProbeExitCode = 142

/** The exit code of the sidecar at which the pod's restart rule restarts all containers. */
export const restartAllContainersExitCode = 88

/** Environment of the sidecar container. */
export const sidecarEnv = {
  /** The DriverPolicy, as JSON. */
  policy: 'SPARK_NANNY_POLICY',
  /** The proof for the controller that this installation injected the sidecar. The sidecar does not read it. */
  proof: 'SPARK_NANNY_INJECTION_PROOF',
  /** A folder that replaces `/` if the sidecar runs as a plain process (demo, tests, bench). Never set in a pod. */
  root: 'SPARK_NANNY_ROOT',
} as const

/** Environment variable of the driver container, with the value of {@link nextApplicationIdSuffixAnnotation}. */
export const applicationIdSuffixEnv = 'SPARK_NANNY_APPLICATION_ID_SUFFIX'

export interface SidecarImage {
  readonly image: string
  readonly imagePullPolicy: 'Always' | 'IfNotPresent' | 'Never'
}

/**
 * The fields of the driver's container that restart it after {@link endedByProbeExitCode}, and after no other exit code
 * (Kubernetes ≥ 1.35). The API server rejects rules without a restartPolicy of the same container.
 */
export const restartByExitCodeFields = {
  restartPolicy: 'Never',
  restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'In', values: [endedByProbeExitCode] } }],
} as const

/** The rule that restarts all containers of the pod in place (Kubernetes ≥ 1.36). */
export const restartAllContainersRule = {
  action: 'RestartAllContainers',
  exitCodes: { operator: 'In', values: [restartAllContainersExitCode] },
} as const
