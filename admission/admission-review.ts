import { cutText, isRecord, showValue, toRecord, toStringOrEmpty } from '../core/json.ts'
import { formatPatch, type Operation } from './json-patch.ts'

/** The part of an `admission.k8s.io/v1` AdmissionRequest that spark-nanny uses. */
export interface AdmissionRequest {
  readonly uid: string
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string }
  readonly operation: string
  readonly subResource: string
  /** Empty for an object without a namespace. The object's metadata may lack it, as it may lack a name (generateName). */
  readonly namespace: string
  readonly name: string
  readonly dryRun: boolean
  readonly object: unknown
}

/** Why a body is not an AdmissionReview, for the client that sent it. */
export interface ReviewProblem {
  readonly field: string
  readonly value: string
  /** The right form, worded to follow "must be ". */
  readonly form: string
}

export type ParsedReview =
  | { readonly kind: 'request'; readonly request: AdmissionRequest }
  | { readonly kind: 'problem'; readonly problem: ReviewProblem }

const reviewApiVersion = 'admission.k8s.io/v1'
/** The uid of an API server is a UUID of 36 characters. */
const maxUidLength = 253

/** The request of an AdmissionReview v1, or its first problem. Unknown fields are ignored. */
export function parseReview(body: unknown): ParsedReview {
  if (!isRecord(body)) return problem('body', body, 'an AdmissionReview object')
  if (body.kind !== 'AdmissionReview') return problem('kind', body.kind, 'AdmissionReview')
  if (body.apiVersion !== reviewApiVersion) return problem('apiVersion', body.apiVersion, reviewApiVersion)
  const { request } = body
  if (!isRecord(request)) return problem('request', request, 'an object')
  const { uid, kind, operation } = request
  if (typeof uid !== 'string' || uid === '' || uid.length > maxUidLength)
    return problem('request.uid', uid, `a string of 1 to ${maxUidLength} characters`)
  if (!isRecord(kind) || typeof kind.kind !== 'string') return problem('request.kind', kind, 'a GroupVersionKind')
  if (typeof operation !== 'string') return problem('request.operation', operation, 'a string')
  return {
    kind: 'request',
    request: {
      uid,
      kind: { group: toStringOrEmpty(kind.group), version: toStringOrEmpty(kind.version), kind: kind.kind },
      operation,
      subResource: toStringOrEmpty(request.subResource),
      namespace: toStringOrEmpty(request.namespace),
      name: toStringOrEmpty(request.name),
      dryRun: request.dryRun === true,
      object: request.object,
    },
  }
}

/** The request that the API server would send if `object` were created in `namespace`. */
export function createCreationRequest(object: unknown, namespace: string): AdmissionRequest {
  const { apiVersion, kind, metadata } = toRecord(object)
  const [version = '', group = ''] = toStringOrEmpty(apiVersion).split('/').reverse()
  const { name, namespace: ownNamespace } = toRecord(metadata)
  return {
    uid: 'manifest',
    kind: { group, version, kind: toStringOrEmpty(kind) },
    operation: 'CREATE',
    subResource: '',
    namespace: toStringOrEmpty(ownNamespace) || namespace,
    name: toStringOrEmpty(name),
    dryRun: true,
    object,
  }
}

/** The response to the API server. It allows every object. */
export interface AdmissionReviewResponse {
  readonly apiVersion: typeof reviewApiVersion
  readonly kind: 'AdmissionReview'
  readonly response: {
    readonly uid: string
    readonly allowed: true
    readonly patchType?: 'JSONPatch'
    /** Base64 of the JSON Patch. */
    readonly patch?: string
    readonly warnings?: readonly string[]
    /** The API server prefixes the keys with the webhook's name. */
    readonly auditAnnotations: { readonly reason: string }
  }
}

/** The API server cuts warnings that are longer, or the rest of more than 4,096 characters (filters/warning.go). */
const maxWarningLength = 256
const maxWarnings = 10

export function createReviewResponse(
  uid: string,
  reason: string,
  operations: readonly Operation[],
  warnings: readonly string[],
): AdmissionReviewResponse {
  return {
    apiVersion: reviewApiVersion,
    kind: 'AdmissionReview',
    response: {
      uid,
      allowed: true,
      ...(operations.length > 0 && {
        patchType: 'JSONPatch' as const,
        patch: encodeBase64(formatPatch(operations)),
      }),
      ...(warnings.length > 0 && { warnings: formatWarnings(warnings) }),
      auditAnnotations: { reason },
    },
  }
}

/**
 * Reused for each response, because a new buffer of this size is memory that the garbage collector must find. In
 * `npm run bench -- webhook` the ratio to the ceiling is 0.76 with it and 0.69 without (means of two runs each).
 */
const scratch = Buffer.allocUnsafeSlow(64 * 1024)

function encodeBase64(text: string): string {
  // A UTF-16 code unit takes at most three bytes.
  if (text.length * 3 > scratch.length) return Buffer.from(text).toString('base64')
  return scratch.toString('base64', 0, scratch.write(text))
}

function formatWarnings(texts: readonly string[]): readonly string[] {
  const shown = texts.length <= maxWarnings ? texts : [...texts.slice(0, maxWarnings - 1), 'there are more warnings']
  return shown.map(formatWarning)
}

function formatWarning(text: string): string {
  // One line: the API server sends warnings in an HTTP header.
  return cutText(`spark-nanny: ${text.slice(0, 2 * maxWarningLength).replace(/\s+/g, ' ')}`, maxWarningLength)
}

function problem(field: string, value: unknown, form: string): ParsedReview {
  return { kind: 'problem', problem: { field, value: value === undefined ? 'absent' : showValue(value, 80), form } }
}
