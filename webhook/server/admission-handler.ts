import type { AdmissionRequest } from '../../admission/admission-review.ts'
import { type Admission, admit, failOpen, respond } from '../../admission/admit.ts'
import { type AdmissionContext, classifyObject, skip } from '../../admission/decide.ts'
import { toRecord, toStringOrEmpty } from '../../core/json.ts'
import type { Capabilities } from '../../core/kubernetes/capabilities.ts'
import type { NamespaceLimits } from '../../core/kubernetes/namespace-limits.ts'
import type { Pod } from '../../core/kubernetes/pod.ts'
import {
  type ApplicationLookup,
  type ApplicationReference,
  findApplicationReference,
} from '../../core/spark/application-reference.ts'
import { signInjection } from '../injection/proof.ts'
import type { AdmissionRecorder } from './admission-log.ts'

/** Lookups in the cluster. Each one takes limited time, and does not throw for expected failures. */
export interface Lookups {
  /** `peer`: the address of the client that asks for it. */
  application(reference: ApplicationReference, peer: string): ApplicationLookup | Promise<ApplicationLookup>
  limits(namespace: string): NamespaceLimits | null
  capabilities(): Capabilities
  /** Why no sidecars are injected in the namespace at present; null if they are. */
  suspension(namespace: string): string | null
  /** The key that proves injections to the controllers of all replicas. Null if there is none. */
  injectionKey(): Buffer | null
}

export interface AdmissionHandlerDeps {
  readonly fixed: Pick<AdmissionContext, 'version' | 'sidecar' | 'servicesAdmitted' | 'chartSettings'>
  readonly lookups: Lookups
  readonly recorder: Pick<AdmissionRecorder, 'record'>
  nowMs(): number
}

/**
 * Returns the function that handles one request: lookups, decision, record. It never throws or rejects. It returns the
 * admission itself unless a lookup must be awaited, which is rare.
 */
export function createAdmissionHandler(
  deps: AdmissionHandlerDeps,
): (request: AdmissionRequest, peer?: string) => Admission | Promise<Admission> {
  return (request, peer = '') => {
    const startMs = deps.nowMs()
    const finish = (admission: Admission) => {
      record(deps, request, admission, deps.nowMs() - startMs)
      return admission
    }
    try {
      const admission = decideRequest(request, peer, deps)
      if (!(admission instanceof Promise)) return finish(admission)
      return admission.catch((error: unknown) => failOpen(request, error)).then(finish)
    } catch (error) {
      return finish(failOpen(request, error))
    }
  }
}

function decideRequest(
  request: AdmissionRequest,
  peer: string,
  { fixed, lookups }: AdmissionHandlerDeps,
): Admission | Promise<Admission> {
  const subject = classifyObject(request)
  if (subject.kind === 'other') return respond(request, skip(subject.reason, subject.detail))
  // By the namespace of the request, because the metadata of the object may lack it.
  const reference = subject.kind === 'driver' ? findApplicationReference(subject.pod, request.namespace) : undefined
  const limits = subject.kind === 'driver' ? lookups.limits(request.namespace) : null
  // A dry run does not create a pod, so it cannot be the trial pod that ends a suspension.
  const suspension = subject.kind === 'driver' && !request.dryRun ? lookups.suspension(request.namespace) : null
  const prove = subject.kind === 'driver' ? createProver(request, subject.pod, fixed.sidecar.image, lookups) : null
  const decideWith = (application: ApplicationLookup) =>
    admit(request, { ...fixed, application, limits, capabilities: lookups.capabilities(), suspension, prove }, subject)
  const application = reference === undefined ? ({ kind: 'none' } as const) : lookups.application(reference, peer)
  return application instanceof Promise ? application.then(decideWith) : decideWith(application)
}

/** A dry run creates no pod, so that its result must not prove anything: it could be copied into a pod. */
function createProver(
  { uid, namespace, dryRun }: AdmissionRequest,
  { metadata }: Pod,
  image: string,
  { injectionKey }: Pick<Lookups, 'injectionKey'>,
): ((policy: string) => string) | null {
  const key = injectionKey()
  if (dryRun || key === null) return null
  const pod = { namespace, name: metadata?.name ?? '', generateName: metadata?.generateName ?? '' }
  return (policy) => signInjection(key, pod, { admissionUid: uid, image, policy })
}

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
    name: request.name || findGeneratedName(request),
    uid: request.uid,
    dryRun: request.dryRun,
    tookMs,
    ...(decision.kind === 'skip' && { detail: decision.detail }),
    ...(decision.kind === 'inject' && { onHung: decision.policy.onHung.kind }),
    ...(error !== undefined && { error }),
  })
}

/** With `generateName`, a pod has only the prefix of its name at admission. The object may be malformed. */
function findGeneratedName({ object }: AdmissionRequest): string {
  const { name, generateName } = toRecord(toRecord(object).metadata)
  return toStringOrEmpty(name) || toStringOrEmpty(generateName)
}
