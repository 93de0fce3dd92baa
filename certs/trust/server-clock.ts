import type { KubernetesApi } from '../../kubernetes/api.ts'
import type { Clocks } from '../pki/clocks.ts'

/** The API, and what its answers said of its clock. */
export interface ClockedApi {
  readonly api: KubernetesApi
  /** The server's is carried on from its last answer by our own, so that both jump together until the next. */
  clocks(): Clocks
}

export function createClockedApi(api: KubernetesApi, nowMs: () => number): ClockedApi {
  let aheadMs: number | null = null
  return {
    clocks: () => {
      const ownMs = nowMs()
      return { ownMs, serverMs: aheadMs === null ? null : ownMs + aheadMs }
    },
    api: {
      watch: (path, idleMs, signal) => api.watch(path, idleMs, signal),
      request: async (request) => {
        const answer = await api.request(request)
        if (answer.kind === 'response' && answer.dateMs !== undefined) aheadMs = answer.dateMs - nowMs()
        return answer
      },
    },
  }
}
