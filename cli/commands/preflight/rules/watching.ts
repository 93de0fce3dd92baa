import { createCreationRequest } from '../../../../admission/admission-review.ts'
import { type Decision, decide } from '../../../../admission/decide.ts'
import { injectLabel, sidecarContainerName } from '../../../../core/contract/pod-contract.ts'
import { admissionReasons } from '../../../../core/contract/skip-reasons.ts'
import { toRecord } from '../../../../core/json.ts'
import { parseNamespaceLimits } from '../../../../core/kubernetes/namespace-limits.ts'
import type { Pod } from '../../../../core/kubernetes/pod.ts'
import type { HungPolicy } from '../../../../core/settings/driver-policy.ts'
import { formatFinalPolicy, maxRetries, parseSparkApplication } from '../../../../core/spark/application.ts'
import type { Input } from '../../../static-checks/input.ts'
import { parseArray } from '../../../workload/spark-pods.ts'
import {
  evidenceFor,
  formatOrigin,
  type PreflightRule,
  type PreflightSubject,
  type PreflightViolations,
} from '../evidence.ts'

/** Whether spark-nanny would watch the driver, and what becomes of it when it hangs. */
export const watching: PreflightRule = (subject) => {
  const { input, workload, cluster } = subject
  const decision = decideInjection(subject)
  if (workload === null || decision === null) return []
  // What is not there gives nothing to watch.
  if (cluster?.namespace.kind === 'read' && cluster.namespace.value === null) return []
  const breach = (
    check: 'notLabelled' | 'notWatched',
    why: string,
    source: string,
    excerpt: string,
  ): PreflightViolations => [
    { check, details: { why, namespace: workload.namespace }, evidence: evidenceFor(source, excerpt) },
  ]
  if (decision.kind === 'skip') {
    const { sentence } = admissionReasons[decision.reason]
    if (decision.reason === 'opted-out') return []
    const why = decision.detail === '' ? sentence : `${sentence} (${decision.detail})`
    return breach('notWatched', why, formatOrigin(input), decision.reason)
  }
  const warning = decision.kind === 'inject' ? finalKill(input, decision.policy.onHung) : undefined
  const breaches: PreflightViolations =
    warning === undefined
      ? []
      : [{ check: 'finalKill', details: { warning }, evidence: evidenceFor(formatOrigin(input), 'spec.restartPolicy') }]
  const namespace = cluster?.namespace.kind === 'read' ? cluster.namespace.value : null
  if (namespace === null) return breaches
  const label = namespace.labels[injectLabel]
  if (label !== 'enabled') {
    const why = `namespace ${workload.namespace} has no label ${injectLabel}=enabled`
    return [
      ...breaches,
      ...breach(
        'notLabelled',
        why,
        `namespace ${workload.namespace}`,
        `${injectLabel}: ${String(label ?? '(absent)')}`,
      ),
    ]
  }
  const driver = cluster?.dryRuns.driver
  if (driver?.kind !== 'response' || driver.status !== 201 || hasSidecar(driver.body)) return breaches
  const why = 'the namespace is labelled, and yet a dry run of the driver’s pod comes back without the sidecar'
  return [...breaches, ...breach('notWatched', why, 'dry run', 'no container spark-nanny')]
}

/** What to say when a hung driver's pod fails and nobody submits it again. */
function finalKill(input: Input, { kind }: HungPolicy): string | undefined {
  if (kind !== 'fail-pod') return undefined
  const fails = 'a hung driver’s pod fails'
  const application = input.kind === 'application' ? parseSparkApplication(input.object) : undefined
  if (application === undefined) return `${fails}, and nothing is known that would submit it again`
  const { restartPolicy } = application
  if (maxRetries(restartPolicy) > 0) return undefined
  return `restartPolicy is ${formatFinalPolicy(restartPolicy)}: ${fails} and is not run again`
}

const hasSidecar = (pod: unknown) =>
  parseArray(toRecord(toRecord(pod).spec).initContainers).some((one) => toRecord(one).name === sidecarContainerName)

/** What the webhook would do, by its own function; null without a workload. */
export function decideInjection({ input, workload, cluster }: PreflightSubject): Decision | null {
  if (workload === null) return null
  const request = createCreationRequest(workload.driver, workload.namespace)
  const application = input.kind === 'application' ? parseSparkApplication(input.object) : undefined
  const known = cluster?.limitRanges.kind === 'read' && cluster.quotas.kind === 'read'
  return decide(
    request,
    { kind: 'driver', pod: workload.driver },
    {
      version: 'preflight',
      sidecar: { image: 'spark-nanny.invalid/sidecar:1', imagePullPolicy: 'IfNotPresent' },
      servicesAdmitted: true,
      // Without a cluster: what a present one can do.
      capabilities: cluster?.capabilities ?? { nativeSidecars: true, restartAllContainers: true, openShift: false },
      application: application === undefined ? { kind: 'none' } : { kind: 'found', application },
      limits:
        known && cluster.limitRanges.kind === 'read' && cluster.quotas.kind === 'read'
          ? parseNamespaceLimits(cluster.limitRanges.value, cluster.quotas.value)
          : null,
      chartSettings: {},
    },
  )
}

/** The driver's pod with the sidecar, where there will be one. */
export function parseProtectedDriver(subject: PreflightSubject): Pod | null {
  const decision = decideInjection(subject)
  const namespace = subject.cluster?.namespace
  const isLabelled = namespace?.kind === 'read' && namespace.value?.labels[injectLabel] === 'enabled'
  if (decision?.kind === 'inject' && isLabelled) return decision.pod
  return subject.workload?.driver ?? null
}
