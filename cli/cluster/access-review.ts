import pLimit from 'p-limit'
import { toRecord } from '../../core/json.ts'
import type { KubernetesApi } from '../../kubernetes/api.ts'
import { type AccessReviewResult, type AccessRule, describeAccess, type PathRule } from './access-rule.ts'
import { type ApiReading, readable, unreadable } from './reading.ts'
import { requestDeadlineMs, toUnreadable } from './requests.ts'

/** Whose permissions are reviewed. */
export type AccessSubject =
  | { readonly kind: 'service-account'; readonly namespace: string; readonly name: string }
  | { readonly kind: 'caller' }

/** Sends one review per verb of each rule. The result is unreadable unless every review succeeded. */
export async function collectAccess(
  api: KubernetesApi,
  subject: AccessSubject,
  rules: readonly (AccessRule | PathRule)[],
): Promise<ApiReading<readonly AccessReviewResult[]>> {
  const reviews = await pLimit(8).map(rules.flatMap(expandRule), async ({ what, attributes }) => {
    const response = await api.request({
      method: 'POST',
      ...review(subject, attributes),
      deadlineMs: requestDeadlineMs,
    })
    if (response.kind === 'failed' || response.status !== 201) return toUnreadable(response)
    const { allowed } = toRecord(toRecord(response.body).status)
    return typeof allowed === 'boolean'
      ? readable({ what, allowed })
      : unreadable('the response is not an access review', 201)
  })
  const known: AccessReviewResult[] = []
  for (const reviewed of reviews) {
    if (reviewed.kind === 'unreadable') return reviewed
    known.push(reviewed.value)
  }
  return readable(known)
}

interface PermissionQuery {
  readonly what: string
  readonly attributes: object
}

function expandRule(rule: AccessRule | PathRule): readonly PermissionQuery[] {
  if ('path' in rule) {
    const { path, verb } = rule
    return [{ what: `${verb} ${path}`, attributes: { nonResourceAttributes: { path, verb } } }]
  }
  const { verbs, ...resourceAttributes } = rule
  return verbs.map((verb) => ({
    what: describeAccess(verb, rule),
    attributes: { resourceAttributes: { ...resourceAttributes, verb } },
  }))
}

const group = 'authorization.k8s.io/v1'

/** The groups of a ServiceAccount are those of k8s.io/apiserver pkg/authentication/serviceaccount. */
function review(subject: AccessSubject, attributes: object): { readonly path: string; readonly body: object } {
  if (subject.kind === 'caller') {
    const body = { apiVersion: group, kind: 'SelfSubjectAccessReview', spec: attributes }
    return { path: `/apis/${group}/selfsubjectaccessreviews`, body }
  }
  const { namespace, name } = subject
  const spec = {
    ...attributes,
    user: `system:serviceaccount:${namespace}:${name}`,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
  }
  return { path: `/apis/${group}/subjectaccessreviews`, body: { apiVersion: group, kind: 'SubjectAccessReview', spec } }
}
