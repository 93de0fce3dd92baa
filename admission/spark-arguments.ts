import { applicationIdSuffixEnv, nextApplicationIdSuffixAnnotation } from '../core/contract/pod-contract.ts'
import type { Container, EnvVar } from '../core/kubernetes/pod.ts'
import { applicationIdKey, deleteServiceKey, readinessTimeoutKey } from '../core/spark/application.ts'
import { frozenJson } from './json-patch.ts'

/** What goes into the driver container after its first argument, and the environment that it refers to. */
export interface DriverArguments {
  readonly args: readonly string[]
  readonly env: readonly EnvVar[]
}

export interface ArgumentContext {
  /** What the SparkApplication sets; a plain spark-submit's own conf stands in a ConfigMap that does not exist yet. */
  readonly sparkConf: Readonly<Record<string, string>>
  /** Whether a probe of ours holds back readiness. */
  readonly readinessHeldBack: boolean
  /** The id when the driver may be restarted in place, else null. */
  readonly restartableApplicationId: string | null
}

/**
 * Spark's entrypoint passes what follows `driver` to spark-submit, so that more `--conf k=v` can be put right after
 * it; they win over the properties file. None when the container runs something else, or sets the key itself.
 * - Spark waits one second for its own pod to be Ready, then logs an ERROR and asks for executors that cannot resolve it.
 * - A driver restarted in the same pod needs an application id of its own: "Target log directory already exists" ends
 *   it otherwise, and it would take its forerunner's executors for its own. The kubelet expands `$(NAME)` anew at each
 *   start of the container; the annotation is absent at the first, and an absent one is an empty string.
 * - The kubelet's RestartAllContainers gives a container two seconds between SIGTERM and SIGKILL. A JVM that still runs
 *   (a stall, a long pause) uses them for Spark's shutdown hook, which deletes the driver's Service, and no executor of
 *   the next driver could resolve it (seen: exit code 11, too many failed executors). The Service goes with the pod.
 */
export function planDriverArguments(container: Container, circumstances: ArgumentContext): DriverArguments {
  const { sparkConf, readinessHeldBack, restartableApplicationId: id } = circumstances
  const args = container.args ?? []
  if (args[0] !== 'driver') return { args: [], env: [] }
  const isSet = (key: string) => Object.hasOwn(sparkConf, key) || args.some((arg) => sets(arg, key))
  const waits = readinessHeldBack && !isSet(readinessTimeoutKey)
  const renames =
    id !== null && !isSet(applicationIdKey) && !container.env?.some(({ name }) => name === applicationIdSuffixEnv)
  const keepsService = id !== null && !isSet(deleteServiceKey)
  return {
    args: [
      ...(waits ? ['--conf', `${readinessTimeoutKey}=30s`] : []),
      ...(keepsService ? ['--conf', `${deleteServiceKey}=false`] : []),
      ...(renames ? ['--conf', `${applicationIdKey}=${id}$(${applicationIdSuffixEnv})`] : []),
    ],
    env: renames ? [suffixVariable] : [],
  }
}

/** `key=value` after `--conf`, or `--conf=key=value`. */
function sets(arg: string, key: string): boolean {
  const start = arg.startsWith('--conf=') ? '--conf='.length : 0
  return arg.startsWith(key, start) && arg[start + key.length] === '='
}

const suffixVariable: EnvVar = frozenJson({
  name: applicationIdSuffixEnv,
  valueFrom: {
    fieldRef: { apiVersion: 'v1', fieldPath: `metadata.annotations['${nextApplicationIdSuffixAnnotation}']` },
  },
})
