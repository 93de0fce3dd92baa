import type { KubernetesApi } from '../../kubernetes/api.ts'
import type { Clocks } from '../pki/clocks.ts'

/** The API, and the clock of its server as its responses report it. */
export interface ClockedApi {
  readonly api: KubernetesApi
  /** After each response, the clock of this process advances the server's time: both step together until the next one. */
  clocks(): Clocks
}

export function createClockedApi(api: KubernetesApi, nowMs: () => number): ClockedApi {
  let aheadMs: number | null = null
  return {
    clocks: () => {
      const processMs = nowMs()
      return { processMs, serverMs: aheadMs === null ? null : processMs + aheadMs }
    },
    api: {
      watch: (path, idleMs, signal) => api.watch(path, idleMs, signal),
      request: async (request) => {
        const response = await api.request(request)
        if (response.kind === 'response' && response.dateMs !== undefined) aheadMs = response.dateMs - nowMs()
        return response
      },
    },
  }
}
