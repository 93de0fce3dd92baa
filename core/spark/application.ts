import { toRecord, toText, toTexts } from '../json.ts'
import { javaOptionKeys, mayLoadDebugAgent } from './debug-agent.ts'

/** The fields of a SparkApplication that spark-nanny uses, for both operators. */
export interface SparkApplication {
  readonly operator: SparkOperator
  readonly namespace: string
  readonly name: string
  readonly annotations: Readonly<Record<string, string>>
  /** `spec.sparkConf` of both operators, with the driver's Java options of kubeflow, which override it. */
  readonly sparkConf: Readonly<Record<string, string>>
  readonly restartPolicy: OwnerRestartPolicy
}

/** kubeflow: `sparkoperator.k8s.io`; apache: `spark.apache.org`. */
export type SparkOperator = 'kubeflow' | 'apache'

/** What the owner does when the driver pod fails or is deleted. Both operators default to Never. */
export type OwnerRestartPolicy =
  /** `insteadOf`: the application's policy, which does not cover a failed driver. */
  | { readonly kind: 'never'; readonly insteadOf?: 'OnInfrastructureFailure' }
  | { readonly kind: 'on-failure'; readonly retries: number }
  /** Without `retries` the driver is always submitted again. */
  | { readonly kind: 'always'; readonly retries?: number }

/** A policy that never submits a driver again, as its owner spells it. */
export function formatFinalPolicy(policy: OwnerRestartPolicy): string {
  if (policy.kind === 'never') return policy.insteadOf ?? 'Never'
  return `${policy.kind === 'always' ? 'Always' : 'OnFailure'} without retries`
}

/** Maximum number of submissions of the driver after the first one. */
export function maxRetries(policy: OwnerRestartPolicy): number {
  return policy.kind === 'never' ? 0 : (policy.retries ?? Number.POSITIVE_INFINITY)
}

export const sparkApplicationApis = [
  {
    operator: 'kubeflow',
    group: 'sparkoperator.k8s.io',
    version: 'v1beta2',
    nameLabel: 'sparkoperator.k8s.io/app-name',
  },
  { operator: 'apache', group: 'spark.apache.org', version: 'v1', nameLabel: 'spark.operator/spark-app-name' },
] as const satisfies readonly { operator: SparkOperator; group: string; version: string; nameLabel: string }[]

/** The API of an operator's SparkApplications. Every operator has one. */
export function findSparkApplicationApi(operator: SparkOperator): (typeof sparkApplicationApis)[number] {
  const [kubeflow, apache] = sparkApplicationApis
  return { kubeflow, apache }[operator]
}

/** The SparkApplication of an API object, or undefined if it is another object. Missing fields have the operator's defaults. */
export function parseSparkApplication(object: unknown): SparkApplication | undefined {
  const root = toRecord(object)
  const api = sparkApplicationApis.find(({ group }) => toText(root.apiVersion).startsWith(`${group}/`))
  if (api === undefined || root.kind !== 'SparkApplication') return undefined
  const metadata = toRecord(root.metadata)
  const spec = toRecord(root.spec)
  return {
    operator: api.operator,
    namespace: typeof metadata.namespace === 'string' ? metadata.namespace : 'default',
    name: toText(metadata.name ?? ''),
    annotations: toTexts(metadata.annotations),
    sparkConf: { ...toTexts(spec.sparkConf), ...(api.operator === 'kubeflow' && parseJavaOptions(spec)) },
    restartPolicy: api.operator === 'kubeflow' ? parseKubeflowRestartPolicy(spec) : parseApacheRestartPolicy(spec),
  }
}

/** kubeflow puts `spec.driver.javaOptions` behind the conf on spark-submit's command line (submission.go, driverConfOption). */
function parseJavaOptions(spec: Record<string, unknown>): Readonly<Record<string, string>> {
  const { javaOptions } = toRecord(spec.driver)
  return typeof javaOptions === 'string' ? { 'spark.driver.extraJavaOptions': javaOptions } : {}
}

/** `spec.restartPolicy: {type: Never | OnFailure | Always, onFailureRetries}`. OnFailure without retries never restarts. */
function parseKubeflowRestartPolicy(spec: Record<string, unknown>): OwnerRestartPolicy {
  const policy = toRecord(spec.restartPolicy)
  if (policy.type === 'Always') return { kind: 'always' }
  if (policy.type === 'OnFailure') {
    return { kind: 'on-failure', retries: typeof policy.onFailureRetries === 'number' ? policy.onFailureRetries : 0 }
  }
  return { kind: 'never' }
}

/**
 * `spec.applicationTolerations.restartConfig: {restartPolicy, maxRestartAttempts, maxRestartOnFailure}`. Attempts, 3 by
 * default, bound Always too (ApplicationStatus.terminateOrRestart of apache/spark-kubernetes-operator). A driver that failed
 * or is gone is `Failed` or `DriverEvicted`, and OnInfrastructureFailure covers neither (ApplicationStateSummary).
 */
function parseApacheRestartPolicy(spec: Record<string, unknown>): OwnerRestartPolicy {
  const { restartPolicy, maxRestartAttempts, maxRestartOnFailure } = toRecord(
    toRecord(spec.applicationTolerations).restartConfig,
  )
  const numberOr = (value: unknown, fallback: number) => (typeof value === 'number' ? value : fallback)
  const retries = Math.min(numberOr(maxRestartAttempts, 3), numberOr(maxRestartOnFailure, Number.POSITIVE_INFINITY))
  if (restartPolicy === 'Always') return { kind: 'always', retries }
  if (restartPolicy === 'OnFailure') return { kind: 'on-failure', retries }
  return { kind: 'never', ...(restartPolicy === 'OnInfrastructureFailure' && { insteadOf: restartPolicy }) }
}

/** How long Spark waits for its own pod to be Ready before it requests executors. */
export const readinessTimeoutKey = 'spark.kubernetes.allocation.driver.readinessTimeout'
export const applicationIdKey = 'spark.app.id'
export const deleteServiceKey = 'spark.kubernetes.driver.service.deleteOnTermination'

/** The properties of a SparkApplication on which an admission depends: those that the webhook sets, and those of the UI. */
const admissionConfKeys: readonly string[] = [
  readinessTimeoutKey,
  applicationIdKey,
  deleteServiceKey,
  'spark.driver.bindAddress',
  'spark.ui.enabled',
  'spark.ui.port',
]

/** The part of a conf that an admission needs. Java options are long, and only a debug agent among them matters. */
export function pickAdmissionConf(conf: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const isNeeded = (key: string, value: string) =>
    admissionConfKeys.includes(key) || (javaOptionKeys.some((name) => name === key) && mayLoadDebugAgent(value))
  return Object.fromEntries(Object.entries(conf).filter(([key, value]) => isNeeded(key, value)))
}
