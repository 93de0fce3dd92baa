import { applicationIdSuffixEnv, nextApplicationIdSuffixAnnotation } from '../core/contract/pod-contract.ts'
import type { Container, EnvVar } from '../core/kubernetes/pod.ts'
import { applicationIdKey, deleteServiceKey, readinessTimeoutKey } from '../core/spark/application.ts'
import type { DriverCommand } from '../core/spark/driver-command.ts'
import { frozenJson } from './json-patch.ts'

/** Arguments to insert into those of the driver container, and the environment to which they refer. */
export interface DriverArguments {
  /** The index in `args` before which they are inserted. */
  readonly at: number
  readonly args: readonly string[]
  readonly env: readonly EnvVar[]
}

export interface ArgumentContext {
  /** How the container starts the driver; null if that is not visible. */
  readonly command: DriverCommand | null
  /** The SparkApplication's conf. The conf of a plain spark-submit is in a ConfigMap that does not exist yet. */
  readonly sparkConf: Readonly<Record<string, string>>
  /** Whether one of spark-nanny's probes delays readiness. */
  readonly readinessDelayed: boolean
  /** The application id if the driver may be restarted in place, else null. */
  readonly restartableApplicationId: string | null
  /** Whether a quota limits the Services of the namespace. */
  readonly servicesCounted: boolean
}

/**
 * Arguments for spark-submit, inserted where its options begin, so that it reads them whatever follows. They override the
 * properties file. Nothing is inserted if the container runs another command or sets the key itself. What follows the
 * primary resource are arguments of the application, which set nothing.
 * - Spark waits one second for its own pod to be Ready, then logs an ERROR and requests executors that cannot resolve it.
 * - A driver restarted in the same pod needs a new application id. Otherwise it ends with "Target log directory already
 *   exists", and treats the executors of the previous driver as its own. The kubelet expands `$(NAME)` at each start of
 *   the container. The annotation is missing at the first start, and then the variable is empty.
 * - The kubelet's RestartAllContainers gives a container two seconds between SIGTERM and SIGKILL. A JVM that still runs
 *   (a stall, a long pause) uses them for Spark's shutdown hook, which deletes the driver's Service. No executor of the
 *   next driver could then resolve it (seen: exit code 11, too many failed executors). The Service is deleted with the pod.
 *   If a quota limits the number of Services, Spark deletes it as usual: those of completed drivers would use up the quota.
 */
export function planDriverArguments(container: Container, context: ArgumentContext): DriverArguments {
  const { command, sparkConf, readinessDelayed, restartableApplicationId: id, servicesCounted } = context
  if (command === null || command.optionsAt === null) return { at: 0, args: [], env: [] }
  const { conf } = command.submit
  const isSet = (key: string) => Object.hasOwn(sparkConf, key) || conf.has(key)
  const needsTimeout = readinessDelayed && !isSet(readinessTimeoutKey)
  const needsNewId =
    id !== null && !isSet(applicationIdKey) && !container.env?.some(({ name }) => name === applicationIdSuffixEnv)
  const keepsService = id !== null && !servicesCounted && !isSet(deleteServiceKey)
  return {
    at: command.optionsAt,
    args: [
      ...(needsTimeout ? ['--conf', `${readinessTimeoutKey}=30s`] : []),
      ...(keepsService ? ['--conf', `${deleteServiceKey}=false`] : []),
      ...(needsNewId ? ['--conf', `${applicationIdKey}=${id}$(${applicationIdSuffixEnv})`] : []),
    ],
    env: needsNewId ? [suffixVariable] : [],
  }
}

const suffixVariable: EnvVar = frozenJson({
  name: applicationIdSuffixEnv,
  valueFrom: {
    fieldRef: { apiVersion: 'v1', fieldPath: `metadata.annotations['${nextApplicationIdSuffixAnnotation}']` },
  },
})
