import { type AdmissionRequest, type AdmissionReviewResponse, createReviewResponse } from './admission-review.ts'
import {
  type AdmissionContext,
  type AdmissionDecision,
  type AdmittedObject,
  classifyObject,
  decide,
  skip,
} from './decide.ts'

export interface Admission {
  readonly decision: AdmissionDecision
  readonly review: AdmissionReviewResponse
  /** The error, if the reason is internal-error. It is only logged. */
  readonly error?: unknown
}

/** The decision and the response for one request. Never throws: after an internal error the object is admitted unchanged. */
export function admit(request: AdmissionRequest, context: AdmissionContext, subject?: AdmittedObject): Admission {
  try {
    return respond(request, decide(request, subject ?? classifyObject(request), context))
  } catch (error) {
    return failOpen(request, error)
  }
}

/** The response that admits an object unchanged after `error`. */
export function failOpen(request: AdmissionRequest, error: unknown): Admission {
  return { ...respond(request, skip('internal-error')), error }
}

/** The response for a decision. */
export function respond(request: AdmissionRequest, decision: AdmissionDecision): Admission {
  const operations = decision.kind === 'skip' ? [] : decision.operations
  return { decision, review: createReviewResponse(request.uid, decision.reason, operations, decision.warnings) }
}
