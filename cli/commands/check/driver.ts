import { domain, injectedAnnotation, sidecarContainerName } from '../../../core/contract/pod-contract.ts'
import { parseSidecarStatus } from '../../../core/contract/sidecar-status.ts'
import { creatingReasons } from '../../../core/contract/waiting-reasons.ts'
import { parseTimeMs, toRecord, toRecords, toStringOrEmpty } from '../../../core/json.ts'
import { parsePod } from '../../../core/kubernetes/parse-objects.ts'
import { findApplicationReference } from '../../../core/spark/application-reference.ts'
import type { ApiReading } from '../../cluster/reading.ts'

/** The parts of a driver pod that the checks use. */
export interface CheckedDriver {
  readonly namespace: string
  readonly name: string
  readonly phase: string
  /** The spark-nanny version that injected the sidecar. Null if the pod has no sidecar. */
  readonly injected: string | null
  readonly optedOut: boolean
  /** Whether its operator bears no sidecar, so that the controller judges it by its Spark UI. */
  readonly judgedFromOutside: boolean
  /** Null if the sidecar runs or starts normally. A sidecar that has run once no longer blocks the startup of its driver. */
  readonly sidecarWaiting: { readonly why: string; readonly hasRun: boolean } | null
  /** Null if the pod is Ready or has no condition Ready yet. */
  readonly notReadySinceMs: number | null
  /** The status that the sidecar reports. Null if it was not requested. */
  readonly status: ApiReading<SidecarSummary> | null
}

/** The part of the sidecar's /status that the checks use. */
export interface SidecarSummary {
  readonly state: string
  readonly sinceMs: number | null
  /** The reason of the state, and the action for it. */
  readonly detail: string
}

/** Parses a pending or running driver. Undefined if the pod has ended or is being deleted. */
export function parseCheckedDriver(object: unknown): CheckedDriver | undefined {
  const { metadata, spec, status } = toRecord(object)
  const { namespace, name, annotations, deletionTimestamp } = toRecord(metadata)
  const { phase, conditions, initContainerStatuses } = toRecord(status)
  if (deletionTimestamp !== undefined || (phase !== 'Running' && phase !== 'Pending')) return undefined
  const sidecar = toRecords(toRecord(spec).initContainers).some((one) => one.name === sidecarContainerName)
  const own = toRecords(initContainerStatuses).find((one) => one.name === sidecarContainerName)
  const ready = toRecords(conditions).find(({ type }) => type === 'Ready')
  const sinceMs = parseTimeMs(ready?.lastTransitionTime)
  const podAnnotations = toRecord(annotations)
  return {
    namespace: toStringOrEmpty(namespace),
    name: toStringOrEmpty(name),
    phase: toStringOrEmpty(phase),
    injected: sidecar ? toStringOrEmpty(podAnnotations[injectedAnnotation]) : null,
    optedOut: podAnnotations[`${domain}/inject`] === 'false',
    judgedFromOutside: !sidecar && isOfApacheOperator(object, toStringOrEmpty(namespace)),
    sidecarWaiting: own === undefined ? null : parseSidecarWaiting(own),
    notReadySinceMs: ready?.status === 'False' ? sinceMs : null,
    status: null,
  }
}

function isOfApacheOperator(object: unknown, namespace: string): boolean {
  const pod = parsePod(object)
  return pod !== undefined && findApplicationReference(pod, namespace)?.operator === 'apache'
}

function parseSidecarWaiting({ state, lastState, started }: Record<string, unknown>): CheckedDriver['sidecarWaiting'] {
  const { reason, message } = toRecord(toRecord(state).waiting)
  if (started === true || creatingReasons.includes(toStringOrEmpty(reason))) return null
  const why = [toStringOrEmpty(reason), toStringOrEmpty(message)].filter(Boolean).join(': ')
  return { why, hasRun: toRecord(lastState).terminated !== undefined }
}

/** The part of the sidecar's status that the checks use; undefined if the body is not the status of a sidecar. */
export function summarizeSidecarStatus(body: unknown): SidecarSummary | undefined {
  const status = parseSidecarStatus(body)
  if (status === undefined) return undefined
  const { state, sinceMs, detail, reason, action } = status
  // The action's message already contains the reason.
  return { state, sinceMs, detail: action.message ?? [detail ?? reason, action.onHung].filter(Boolean).join('; ') }
}
