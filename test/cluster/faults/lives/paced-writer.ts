import { setTimeout as delay } from 'node:timers/promises'
import { recordOf } from '../../../../core/json.ts'
import { type ApiRequest, answerDetail, type KubernetesApi } from '../../../../kubernetes/api.ts'

/** What rejects where lives are to end. */
export class WorldEnded extends Error {}

/** Writes as fast as it may; what is urgent does not wait for its turn. */
export interface PacedWriter {
  /** Undefined: the object is not there. Rejects for any other refusal, and when the world has ended. */
  write(request: Omit<ApiRequest, 'deadlineMs'>, urgent?: boolean): Promise<Record<string, unknown> | undefined>
  written(): number
}

export function pacedWriter(api: KubernetesApi, writesPerSecond: number, ending: AbortSignal): PacedWriter {
  let written = 0
  let nextSlotMs = 0
  return {
    written: () => written,
    write: async (request, urgent = false) => {
      if (!urgent) {
        const slotMs = Math.max(performance.now(), nextSlotMs)
        nextSlotMs = slotMs + 1000 / writesPerSecond
        await delay(Math.max(0, slotMs - performance.now()))
      }
      if (ending.aborted) throw new WorldEnded()
      written += 1
      const answer = await api.request({ ...request, deadlineMs: 30_000 })
      if (answer.kind === 'answer' && answer.status < 300) return recordOf(answer.body)
      if (answer.kind === 'answer' && answer.status === 404) return undefined
      throw new Error(`${request.method} ${request.path}: ${answerDetail(answer)}`)
    },
  }
}
