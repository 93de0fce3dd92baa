import { toRecord } from '../../../../core/json.ts'
import { type ApiRequest, describeResponse, type KubernetesApi } from '../../../../kubernetes/api.ts'
import type { Audit } from '../invariants/audit.ts'
import { runLabel } from '../scenarios/driver-pod.ts'

/** Requests that the test itself sends to the API server. Each rejects on an error response. */
export interface TestApi {
  /** Reasons of the Events, by the uid of the involved object. */
  eventReasons(namespaces: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>>
  /** Deletes what a run left behind, except its namespaces. */
  clear(run: string, namespaces: readonly string[], audit: Audit): Promise<void>
  removeLease(namespace: string, name: string): Promise<void>
}

const applications = '/apis/sparkoperator.k8s.io/v1beta2/namespaces/%/sparkapplications'

export function createClusterQueries(api: KubernetesApi): TestApi {
  const ask = async (request: Omit<ApiRequest, 'deadlineMs'>, fine?: number) => {
    const answer = await api.request({ ...request, deadlineMs: 60_000 })
    const isFine = answer.kind === 'response' && (answer.status < 300 || answer.status === fine)
    if (!isFine) throw new Error(`${request.path}: ${describeResponse(answer)}`)
    return toRecord(answer.body)
  }
  return {
    eventReasons: async (namespaces) => {
      const reasons = new Map<string, string[]>()
      for (const namespace of namespaces) {
        const { items } = await ask({ method: 'GET', path: `/api/v1/namespaces/${namespace}/events` })
        for (const item of Array.isArray(items) ? items : []) {
          const { involvedObject, reason } = toRecord(item)
          const uid = String(toRecord(involvedObject).uid)
          reasons.set(uid, [...(reasons.get(uid) ?? []), String(reason)])
        }
      }
      return reasons
    },
    clear: async (run, namespaces, audit) => {
      for (const { metadata } of audit.pods()) {
        if (metadata.finalizers === undefined) continue
        const path = `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}`
        const body = { metadata: { finalizers: null } }
        await ask({ method: 'PATCH', path, contentType: 'application/merge-patch+json', body }, 404)
      }
      const selector = encodeURIComponent(`${runLabel} in (${run}-driver,${run}-executor,${run}-application)`)
      for (const namespace of namespaces) {
        for (const collection of ['/api/v1/namespaces/%/pods', applications]) {
          await ask({ method: 'DELETE', path: `${collection.replace('%', namespace)}?labelSelector=${selector}` })
        }
        await ask({ method: 'DELETE', path: `/api/v1/namespaces/${namespace}/events` })
      }
    },
    removeLease: async (namespace, name) => {
      await ask({ method: 'DELETE', path: `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/${name}` }, 404)
    },
  }
}
