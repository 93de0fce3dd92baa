import type { Pod } from '../core/pod.ts'
import { type Admission, admit, answer, failOpen } from './admission/admit.ts'
import {
  type ApplicationLookup,
  type ApplicationReference,
  applicationReference,
} from './admission/application-reference.ts'
import type { Capabilities } from './admission/capabilities.ts'
import { type AdmissionContext, skip, subjectOf } from './admission/decide.ts'
import type { NamespaceLimits } from './admission/namespace-limits.ts'
import type { AdmissionRequest } from './admission/review.ts'
import type { Log } from './log.ts'
import type { Metrics } from './metrics.ts'

/** What the cluster knows. Every look-up is bounded in time and does not throw for what can be expected. */
export interface Lookups {
  application(reference: ApplicationReference): ApplicationLookup | Promise<ApplicationLookup>
  limits(namespace: string): NamespaceLimits | null
  capabilities(): Capabilities
}

export interface HandlerEdges {
  readonly fixed: Pick<AdmissionContext, 'version' | 'sidecar' | 'servicesAdmitted' | 'chartSettings'>
  readonly lookups: Lookups
  readonly metrics: Metrics
  readonly log: Log
  nowMs(): number
}

/** One request → its look-ups → the decision → its log line and figures. Never rejects. */
export function admissionHandler(edges: HandlerEdges): (request: AdmissionRequest) => Promise<Admission> {
  return async (request) => {
    const startMs = edges.nowMs()
    const admission = await answerRequest(request, edges).catch((error: unknown) => failOpen(request, error))
    const tookMs = edges.nowMs() - startMs
    edges.metrics.admitted(admission.decision, request.kind.kind, tookMs / 1000)
    logAdmission(edges.log, request, admission, tookMs)
    return admission
  }
}

async function answerRequest(request: AdmissionRequest, { fixed, lookups }: HandlerEdges): Promise<Admission> {
  const subject = subjectOf(request)
  if (subject.kind === 'other') return answer(request, skip(subject.reason))
  const reference = subject.kind === 'driver' ? referenceOf(subject.pod, request) : undefined
  const lookup = reference === undefined ? ({ kind: 'none' } as const) : lookups.application(reference)
  const application = lookup instanceof Promise ? await lookup : lookup
  const limits = subject.kind === 'driver' ? lookups.limits(request.namespace) : null
  return admit(request, { ...fixed, application, limits, capabilities: lookups.capabilities() }, subject)
}

/** The object's own metadata may lack the namespace; the request never does. */
const referenceOf = (pod: Pod, { namespace }: AdmissionRequest) => applicationReference(pod, namespace)

function logAdmission(log: Log, request: AdmissionRequest, { decision, error }: Admission, tookMs: number): void {
  const { uid, namespace, name, kind, dryRun } = request
  const line = {
    event: 'admission',
    reason: decision.reason,
    kind: kind.kind,
    namespace,
    name: name || generateName(request),
    uid,
    tookMs: Math.round(tookMs * 1000) / 1000,
    ...(dryRun && { dryRun }),
    ...(decision.kind === 'inject' && { onHung: decision.policy.onHung.kind }),
    ...(decision.kind === 'skip' && decision.detail !== '' && { detail: decision.detail }),
    ...(decision.warnings.length > 0 && { warnings: decision.warnings }),
  }
  if (error !== undefined) log.error({ ...line, err: error })
  else if (decision.kind === 'skip' && decision.warnings.length === 0) log.debug(line)
  else log.info(line)
}

/** A pod made from a template has only the beginning of its name at admission. */
function generateName({ object }: AdmissionRequest): string {
  const metadata = (object as Pod | undefined)?.metadata
  return metadata?.name ?? metadata?.generateName ?? ''
}
