import { textField, toRecord } from '../../../../core/json.ts'
import type { KubernetesApi } from '../../../../kubernetes/api.ts'

/** The user name under which the API server knows the caller. `unknown` before Kubernetes 1.28. */
export async function findUserName(api: KubernetesApi): Promise<string> {
  const response = await api.request({
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
    deadlineMs: 10_000,
  })
  const status = response.kind === 'response' ? toRecord(toRecord(response.body).status) : {}
  return textField(status.userInfo, 'username') ?? 'unknown'
}
