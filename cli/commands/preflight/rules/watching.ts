import { createCreationRequest } from '../../../../admission/admission-review.ts'
import { decide, type AdmissionDecision as InjectionDecision } from '../../../../admission/decide.ts'
import { injectLabel, sidecarContainerName } from '../../../../core/contract/pod-contract.ts'
import { admissionReasons } from '../../../../core/contract/skip-reasons.ts'
import { toList, toRecord } from '../../../../core/json.ts'
import type { Capabilities } from '../../../../core/kubernetes/capabilities.ts'
import { type NamespaceLimits, parseNamespaceLimits } from '../../../../core/kubernetes/namespace-limits.ts'
import type { Pod } from '../../../../core/kubernetes/pod.ts'
import type { HungPolicy } from '../../../../core/settings/driver-policy.ts'
import { formatFinalPolicy, maxRetries, parseSparkApplication } from '../../../../core/spark/application.ts'
import { hasSchemaProblem } from '../../../config-checks/schema.ts'
import { toSourcePath } from '../../../spark-conf/application-conf.ts'
import type { Input } from '../../../static-checks/input.ts'
import {
  evidenceAt,
  evidenceFor,
  formatOrigin,
  type PreflightRule,
  type PreflightSubject,
  type PreflightViolations,
} from '../evidence.ts'

/** Checks whether spark-nanny would protect the driver, and what happens to the driver if it hangs. */
export const watching: PreflightRule = (subject) => {
  const { input, workload, cluster } = subject
  const decision = decideInjection(subject)
  if (workload === null || decision === null) return []
  // Another rule reports the missing namespace.
  if (cluster?.namespace.kind === 'read' && cluster.namespace.value === null) return []
  if (decision.reason === 'owned-by-apache-operator') {
    return [...checkNoRerun(input), ...checkLabel(cluster, workload.namespace)]
  }
  if (decision.kind === 'skip') return describeSkip(decision, input, workload.namespace)
  const policy = decision.kind === 'inject' ? decision.policy.onHung : undefined
  const isMalformed = hasSchemaProblem(subject.schema, ['spec', 'restartPolicy'])
  return [...(isMalformed ? [] : checkFinalKill(input, policy)), ...checkProtection(cluster, workload.namespace)]
}

function describeSkip(
  { reason, detail }: Extract<InjectionDecision, { readonly kind: 'skip' }>,
  input: Input,
  namespace: string,
): PreflightViolations {
  if (reason === 'opted-out') return []
  const { sentence } = admissionReasons[reason]
  const why = detail === '' ? sentence : `${sentence} (${detail})`
  return [{ check: 'notWatched', details: { why, namespace }, evidence: evidenceFor(formatOrigin(input), reason) }]
}

function checkFinalKill(input: Input, policy: HungPolicy | undefined): PreflightViolations {
  const warning = policy === undefined ? undefined : describeFinalKill(input, policy)
  if (warning === undefined) return []
  const path = 'spec.restartPolicy'
  const evidence =
    input.kind === 'application'
      ? evidenceAt(input, path, toSourcePath(input.origin, path))
      : evidenceFor(formatOrigin(input), path)
  return [{ check: 'finalKill', details: { warning }, evidence }]
}

/** Whatever its mode, the controller deletes the pod of a hung driver only if its operator reruns the application. */
function checkNoRerun(input: Input): PreflightViolations {
  const application = input.kind === 'application' ? parseSparkApplication(input.object) : undefined
  if (application === undefined || maxRetries(application.restartPolicy) > 0) return []
  const warning = `restartPolicy is ${formatFinalPolicy(application.restartPolicy)}: if the driver hangs, that is only reported`
  return [
    { check: 'finalKill', details: { warning }, evidence: evidenceFor(formatOrigin(input), 'spec.restartPolicy') },
  ]
}

function checkLabel(cluster: PreflightSubject['cluster'], namespace: string): PreflightViolations {
  const found = cluster?.namespace.kind === 'read' ? cluster.namespace.value : null
  if (cluster === null || found === null) return []
  const label = found.labels[injectLabel]
  if (label === 'enabled') return []
  const why = `namespace ${namespace} has no label ${injectLabel}=enabled`
  const evidence = evidenceFor(`namespace ${namespace}`, `${injectLabel}: ${String(label ?? '(not set)')}`)
  return [{ check: 'notLabelled', details: { why, namespace }, evidence }]
}

/** Checks the label of the namespace, and whether the dry run of the driver's pod returned the sidecar. */
function checkProtection(cluster: PreflightSubject['cluster'], namespace: string): PreflightViolations {
  const unlabelled = checkLabel(cluster, namespace)
  if (unlabelled.length > 0) return unlabelled
  if (cluster?.namespace.kind !== 'read' || cluster.namespace.value === null) return []
  const { driver } = cluster.dryRuns
  if (driver.kind !== 'response' || driver.status !== 201 || hasSidecar(driver.body)) return []
  const why = 'the namespace is labelled, but a dry run of the driver’s pod returned no sidecar'
  return [
    { check: 'notWatched', details: { why, namespace }, evidence: evidenceFor('dry run', 'no container spark-nanny') },
  ]
}

/** Describes the case that the pod of a hung driver fails and the driver is not rerun. */
function describeFinalKill(input: Input, { kind }: HungPolicy): string | undefined {
  if (kind !== 'fail-pod') return undefined
  const fails = 'if the driver hangs, its pod fails'
  const application = input.kind === 'application' ? parseSparkApplication(input.object) : undefined
  if (application === undefined) return `${fails}, and no known owner resubmits it`
  const { restartPolicy } = application
  // Another rule reports OnFailure without retries.
  if (restartPolicy.kind === 'on-failure' && application.operator === 'kubeflow') return undefined
  if (maxRetries(restartPolicy) > 0) return undefined
  return `restartPolicy is ${formatFinalPolicy(restartPolicy)}: ${fails} and is not rerun`
}

const hasSidecar = (pod: unknown) =>
  toList(toRecord(toRecord(pod).spec).initContainers).some((one) => toRecord(one).name === sidecarContainerName)

/** Without a cluster, a current one is assumed. */
const assumedCapabilities: Capabilities = {
  nativeSidecars: true,
  restartAllContainers: true,
  containerRestartRules: true,
  openShift: false,
}

/** The decision that the webhook would make, computed by the webhook's own function. Null without a workload. */
export function decideInjection({ input, workload, cluster }: PreflightSubject): InjectionDecision | null {
  if (workload === null) return null
  const request = createCreationRequest(workload.driver, workload.namespace)
  const application = input.kind === 'application' ? parseSparkApplication(input.object) : undefined
  return decide(
    request,
    { kind: 'driver', pod: workload.driver },
    {
      version: 'preflight',
      sidecar: { image: 'spark-nanny.invalid/sidecar:1', imagePullPolicy: 'IfNotPresent' },
      servicesAdmitted: true,
      capabilities: cluster?.capabilities ?? assumedCapabilities,
      application: application === undefined ? { kind: 'none' } : { kind: 'found', application },
      limits: parseLimits(cluster),
      chartSettings: {},
    },
  )
}

function parseLimits(cluster: PreflightSubject['cluster']): NamespaceLimits | null {
  if (cluster?.limitRanges.kind !== 'read' || cluster.quotas.kind !== 'read') return null
  return parseNamespaceLimits(cluster.limitRanges.value, cluster.quotas.value)
}

/** The driver's pod, with the sidecar if the webhook would inject it. */
export function parseProtectedDriver(subject: PreflightSubject): Pod | null {
  const decision = decideInjection(subject)
  const namespace = subject.cluster?.namespace
  const isLabelled = namespace?.kind === 'read' && namespace.value?.labels[injectLabel] === 'enabled'
  if (decision?.kind === 'inject' && isLabelled) return decision.pod
  return subject.workload?.driver ?? null
}
