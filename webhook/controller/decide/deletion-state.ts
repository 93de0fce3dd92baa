/** How far the deletion of one pod has come. The order is: intent recorded, requested, then confirmed or revoked. */
export type DeletionState =
  | { readonly kind: 'none' }
  /** The SparkApplication records the deletion. No request has been sent yet. */
  | { readonly kind: 'intent-recorded' }
  /** The API server has the request. The watch may show its effect before the response arrives. */
  | { readonly kind: 'requested' }
  /** The response was lost. The watch will show whether the pod was deleted; until then the deletion may be retried. */
  | { readonly kind: 'outcome-unknown' }
  | { readonly kind: 'confirmed' }
  /** The attempt ended without a deletion. The journal removes the record once the deletion is no longer needed. */
  | { readonly kind: 'revoked' }

export type DeletionEvent =
  | 'intent-recorded'
  | 'request-sent'
  /** The intent could not be recorded, the deletion is no longer needed, or the API server refused the request. */
  | 'not-carried-out'
  | 'response-lost'
  /** The API server accepted the request, or the watch shows that the pod was deleted. */
  | 'confirmed'

export const noDeletion: DeletionState = { kind: 'none' }

const nextKind = {
  'intent-recorded': 'intent-recorded',
  'request-sent': 'requested',
  'not-carried-out': 'revoked',
  'response-lost': 'outcome-unknown',
  confirmed: 'confirmed',
} as const satisfies Record<DeletionEvent, DeletionState['kind']>

/** Pure. A pod that was deleted stays deleted, even if a later attempt reports otherwise. */
export function nextDeletionState(state: DeletionState, event: DeletionEvent): DeletionState {
  return state.kind === 'confirmed' ? state : { kind: nextKind[event] }
}

/** Whether a request to delete the pod is in progress or has succeeded, so that none may be sent. */
export const isDeletionRequested = ({ kind }: DeletionState): boolean => kind === 'requested' || kind === 'confirmed'
