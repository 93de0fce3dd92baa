import { type AdmissionRequest, type AdmissionReviewResponse, createReviewResponse } from './admission-review.ts'
import { type AdmissionContext, type AdmittedObject, classifyObject, type Decision, decide, skip } from './decide.ts'

export interface Admission {
  readonly decision: Decision
  readonly review: AdmissionReviewResponse
  /** What was thrown, when the reason is internal-error. For the log only. */
  readonly error?: unknown
}

/** Decision and answer for one request whose look-ups are done. Never throws: a bug of ours lets the object through. */
export function admit(request: AdmissionRequest, context: AdmissionContext, subject?: AdmittedObject): Admission {
  try {
    return respond(request, decide(request, subject ?? classifyObject(request), context))
  } catch (error) {
    return failOpen(request, error)
  }
}

/** The answer that lets an object through after `error`. */
export function failOpen(request: AdmissionRequest, error: unknown): Admission {
  return { ...respond(request, skip('internal-error')), error }
}

/** The answer for an object that needs no look-up. */
export function respond(request: AdmissionRequest, decision: Decision): Admission {
  const operations = decision.kind === 'skip' ? [] : decision.operations
  return { decision, review: createReviewResponse(request.uid, decision.reason, operations, decision.warnings) }
}
