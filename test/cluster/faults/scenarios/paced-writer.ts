import { setTimeout as delay } from 'node:timers/promises'
import { toRecord } from '../../../../core/json.ts'
import { type ApiRequest, describeResponse, type KubernetesApi } from '../../../../kubernetes/api.ts'

/** Rejects pending operations of scenarios when the simulation ends. */
export class SimulationEnded extends Error {}

/** Writes at a limited rate. Urgent writes skip the queue. */
export interface PacedWriter {
  /** Undefined if the object does not exist. Rejects on any other error response, and after the simulation ended. */
  write(request: Omit<ApiRequest, 'deadlineMs'>, urgent?: boolean): Promise<Record<string, unknown> | undefined>
  written(): number
}

export function createPacedWriter(api: KubernetesApi, writesPerSecond: number, ending: AbortSignal): PacedWriter {
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
      if (ending.aborted) throw new SimulationEnded()
      written += 1
      const answer = await api.request({ ...request, deadlineMs: 30_000 })
      if (answer.kind === 'response' && answer.status < 300) return toRecord(answer.body)
      if (answer.kind === 'response' && answer.status === 404) return undefined
      throw new Error(`${request.method} ${request.path}: ${describeResponse(answer)}`)
    },
  }
}
