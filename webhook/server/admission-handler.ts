import type { AdmissionRequest } from '../../admission/admission-review.ts'
import { type Admission, admit, failOpen, respond } from '../../admission/admit.ts'
import { type AdmissionContext, classifyObject, skip } from '../../admission/decide.ts'
import type { Capabilities } from '../../core/kubernetes/capabilities.ts'
import type { NamespaceLimits } from '../../core/kubernetes/namespace-limits.ts'
import type { Pod } from '../../core/kubernetes/pod.ts'
import {
  type ApplicationLookup,
  type ApplicationReference,
  findApplicationReference,
} from '../../core/spark/application-reference.ts'
import type { AdmissionRecorder } from './admission-log.ts'

/** What the cluster knows. Every look-up is bounded in time and does not throw for what can be expected. */
export interface Lookups {
  application(reference: ApplicationReference): ApplicationLookup | Promise<ApplicationLookup>
  limits(namespace: string): NamespaceLimits | null
  capabilities(): Capabilities
  /** Why a driver that is admitted now gets no sidecar; null: it gets one. Asked once for each driver. */
  suspension(): string | null
}

export interface AdmissionHandlerDeps {
  readonly fixed: Pick<AdmissionContext, 'version' | 'sidecar' | 'servicesAdmitted' | 'chartSettings'>
  readonly lookups: Lookups
  readonly recorder: Pick<AdmissionRecorder, 'record'>
  nowMs(): number
}

/**
 * One request → its look-ups → the decision → its record. Never throws or rejects. At once when nothing has
 * to be waited for, which is nearly always.
 */
export function createAdmissionHandler(
  deps: AdmissionHandlerDeps,
): (request: AdmissionRequest) => Admission | Promise<Admission> {
  return (request) => {
    const startMs = deps.nowMs()
    const finish = (admission: Admission) => {
      record(deps, request, admission, deps.nowMs() - startMs)
      return admission
    }
    try {
      const admission = answerRequest(request, deps)
      if (!(admission instanceof Promise)) return finish(admission)
      return admission.catch((error: unknown) => failOpen(request, error)).then(finish)
    } catch (error) {
      return finish(failOpen(request, error))
    }
  }
}

function answerRequest(
  request: AdmissionRequest,
  { fixed, lookups }: AdmissionHandlerDeps,
): Admission | Promise<Admission> {
  const subject = classifyObject(request)
  if (subject.kind === 'other') return respond(request, skip(subject.reason))
  const reference = subject.kind === 'driver' ? referenceOf(subject.pod, request) : undefined
  const limits = subject.kind === 'driver' ? lookups.limits(request.namespace) : null
  // A dry run makes no pod that could show anything.
  const suspension = subject.kind === 'driver' && !request.dryRun ? lookups.suspension() : null
  const decideWith = (application: ApplicationLookup) =>
    admit(request, { ...fixed, application, limits, capabilities: lookups.capabilities(), suspension }, subject)
  const application = reference === undefined ? ({ kind: 'none' } as const) : lookups.application(reference)
  return application instanceof Promise ? application.then(decideWith) : decideWith(application)
}

/** The object's own metadata may lack the namespace; the request never does. */
const referenceOf = (pod: Pod, { namespace }: AdmissionRequest) => findApplicationReference(pod, namespace)

function record(
  { recorder }: AdmissionHandlerDeps,
  request: AdmissionRequest,
  admission: Admission,
  tookMs: number,
): void {
  const { decision, error } = admission
  const { kind, reason, warnings, problems } = decision
  recorder.record({
    decision: { kind, reason, warnings, problems },
    kind: request.kind.kind,
    namespace: request.namespace,
    name: request.name || generateName(request),
    uid: request.uid,
    dryRun: request.dryRun,
    tookMs,
    ...(decision.kind === 'skip' && { detail: decision.detail }),
    ...(decision.kind === 'inject' && { onHung: decision.policy.onHung.kind }),
    ...(error !== undefined && { error }),
  })
}

/** A pod made from a template has only the beginning of its name at admission. */
function generateName({ object }: AdmissionRequest): string {
  const metadata = (object as Pod | undefined)?.metadata
  return metadata?.name ?? metadata?.generateName ?? ''
}
