import { admissionReasons, type SkipReason } from '../core/contract/skip-reasons.ts'
import { findMalformedField, parsePod, parseService } from '../core/kubernetes/parse-objects.ts'
import { findDriverContainerIndex, isDriverPod, type Pod, type Service } from '../core/kubernetes/pod.ts'
import type { DriverPolicy } from '../core/settings/driver-policy.ts'
import { resolveDriverSettings } from '../core/settings/effective-settings.ts'
import type { ResolvedSettings, SettingProblem } from '../core/settings/settings.ts'
import { findOwningOperator } from '../core/spark/application-reference.ts'
import type { DriverIdentity } from '../core/spark/driver-identity.ts'
import type { AdmissionRequest } from './admission-review.ts'
import { planDriverService } from './driver-service.ts'
import { applyOperations, type Operation } from './json-patch.ts'
import { type InjectionContext, planInjection } from './plan-injection.ts'
import { applyEdits, isInjected } from './pod-edits.ts'

/** What a decision depends on, apart from the request. */
export interface AdmissionContext extends InjectionContext {
  /** Chart values by setting key. */
  readonly chartSettings: Readonly<Record<string, string>>
}

/** What happens to an object, and why. Warnings do not have the prefix `spark-nanny:` yet. */
export type AdmissionDecision =
  | {
      readonly kind: 'inject'
      readonly reason: 'injected'
      readonly pod: Pod
      readonly operations: readonly Operation[]
      readonly policy: DriverPolicy
      readonly identity: DriverIdentity
      readonly settings: ResolvedSettings
      readonly warnings: readonly string[]
      readonly problems: readonly SettingProblem[]
    }
  | {
      readonly kind: 'patch-service'
      readonly reason: 'service-patched'
      readonly service: Service
      readonly operations: readonly Operation[]
      readonly warnings: readonly string[]
      readonly problems: readonly SettingProblem[]
    }
  | {
      readonly kind: 'skip'
      readonly reason: SkipReason
      readonly detail: string
      readonly warnings: readonly string[]
      readonly problems: readonly SettingProblem[]
    }

/** The object of a request, classified without any lookup. */
export type AdmittedObject =
  | { readonly kind: 'driver'; readonly pod: Pod }
  | { readonly kind: 'service'; readonly service: Service }
  | { readonly kind: 'other'; readonly reason: SkipReason; readonly detail?: string }

/** Finds the objects that need no lookup, which are most objects that a namespace creates. */
export function classifyObject({ kind, operation, subResource, object }: AdmissionRequest): AdmittedObject {
  if (kind.group !== '' || (kind.kind !== 'Pod' && kind.kind !== 'Service')) return other('unsupported-kind')
  if (operation !== 'CREATE') return other('unsupported-operation')
  if (subResource !== '') return other('unsupported-subresource')
  return kind.kind === 'Service' ? classifyService(object) : classifyPod(object)
}

function classifyService(object: unknown): AdmittedObject {
  const service = parseService(object)
  if (service === undefined) return other('malformed-object', findMalformedField(object, 'Service'))
  return service.metadata?.deletionTimestamp ? other('deleting') : { kind: 'service', service }
}

function classifyPod(object: unknown): AdmittedObject {
  const pod = parsePod(object)
  if (pod === undefined) return other('malformed-object', findMalformedField(object, 'Pod'))
  if (pod.metadata?.labels?.['spark-role'] === 'executor') return other('executor')
  if (!isDriverPod(pod)) return other('not-a-driver')
  if (pod.metadata?.deletionTimestamp) return other('deleting')
  if (isWindows(pod)) return other('windows-pod')
  return isInjected(pod) ? other('already-injected') : { kind: 'driver', pod }
}

const other = (reason: SkipReason, detail?: string): AdmittedObject => ({
  kind: 'other',
  reason,
  ...(detail !== undefined && { detail }),
})

/**
 * The only function that decides what happens to an object. It is pure: the state of the cluster and the results of lookups
 * are in the context. The patch is applied here first; one that cannot be applied is not sent. No object is ever rejected.
 */
export function decide(
  request: AdmissionRequest,
  subject: AdmittedObject,
  context: AdmissionContext,
): AdmissionDecision {
  switch (subject.kind) {
    case 'other':
      return skip(subject.reason, subject.detail)
    case 'service':
      return decideService(request, subject.service)
    case 'driver':
      return decideDriver(subject.pod, context)
  }
}

function decideService(request: AdmissionRequest, received: Service): AdmissionDecision {
  const plan = planDriverService(received, request.name)
  if (plan.kind === 'leave') return skip(plan.reason)
  const { operations } = plan
  const service = applyOperations({ ...received, spec: { ...received.spec } }, operations)
  if (service === undefined) return skip('patch-unverified')
  return { kind: 'patch-service', reason: 'service-patched', service, operations, warnings: [], problems: [] }
}

function decideDriver(received: Pod, context: AdmissionContext): AdmissionDecision {
  const { application } = context
  const settings = resolveDriverSettings({
    chart: context.chartSettings,
    application: application.kind === 'found' ? application.application.annotations : undefined,
    pod: received.metadata?.annotations,
  })
  const { problems } = settings
  if (!settings.values.inject) return skip('opted-out', '', problems)
  if (findOwningOperator(application) === 'apache' && !settings.values['apache-sidecar']) {
    return skip('owned-by-apache-operator', '', problems)
  }
  if (isCountedByJob(received)) return skip('job-counts-restarts', '', problems)
  if (!context.capabilities.nativeSidecars) return skip('native-sidecars-unsupported', '', problems)
  if (typeof context.suspension === 'string') return skip('sidecar-image-failing', context.suspension, problems)
  const driverIndex = findDriverContainerIndex(received.spec)
  const driver = driverIndex === undefined ? undefined : received.spec.containers[driverIndex]
  if (driverIndex === undefined || driver === undefined) return skip('driver-container-not-found', '', problems)
  const plan = planInjection(received, driverIndex, driver, settings, context)
  if (plan.kind === 'impossible') return skip(plan.reason, plan.detail, problems)
  const edited = applyEdits(received, plan.edits)
  if (edited === undefined) return skip('patch-unverified', '', problems)
  const warnings = [...problems.map(({ message }) => message), ...plan.warnings]
  const { policy, identity } = plan
  return { kind: 'inject', reason: 'injected', ...edited, policy, identity, settings, warnings, problems }
}

/** The decision to admit an object unchanged. */
export function skip(reason: SkipReason, detail = '', problems: readonly SettingProblem[] = []): AdmissionDecision {
  const { warn, sentence } = admissionReasons[reason]
  const warnings = [
    ...problems.map(({ message }) => message),
    ...(warn ? [detail === '' ? sentence : `${sentence} (${detail})`] : []),
  ]
  return { kind: 'skip', reason, detail, warnings, problems }
}

/**
 * Whether restarts of the pod's containers, sidecars included, count against the backoffLimit of its Job. With a limit of 0
 * the first one ends the Job and its healthy driver (pastBackoffLimitOnFailure in pkg/controller/job).
 */
export function isCountedByJob({ metadata, spec }: Pod): boolean {
  const isOfJob = metadata?.ownerReferences?.some(({ apiVersion, kind }) => kind === 'Job' && apiVersion === 'batch/v1')
  return isOfJob === true && spec.restartPolicy === 'OnFailure'
}

/** Whether the pod's spec requires Windows. */
export function isWindows({ spec }: Pod): boolean {
  return spec.os?.name === 'windows' || spec.nodeSelector?.['kubernetes.io/os'] === 'windows'
}
