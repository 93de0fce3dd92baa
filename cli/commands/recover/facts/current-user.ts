import { toRecord } from '../../../../core/json.ts'
import type { KubernetesApi } from '../../../../kubernetes/api.ts'
import { textField } from '../../../evidence/fields.ts'

/** Who the API server takes us for. A server before 1.28 does not tell: `unknown`. */
export async function findUserName(api: KubernetesApi): Promise<string> {
  const answer = await api.request({
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
    deadlineMs: 10_000,
  })
  const status = answer.kind === 'response' ? toRecord(toRecord(answer.body).status) : {}
  return textField(status.userInfo, 'username') ?? 'unknown'
}
