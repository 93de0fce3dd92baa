import { setTimeout as delay } from 'node:timers/promises'
import { isRecord, toRecord } from '../../../../core/json.ts'
import type { KubernetesApi } from '../../../../kubernetes/api.ts'

/** Annotation: when an object was created, by the fast clock. The API server only knows its own time. */
export const createdAnnotation = 'faults.test/created'

/** A clock that runs `speed` times as fast as the simulation's. Milliseconds since 1970. */
export interface FastClock {
  readonly speed: number
  nowMs(): number
  monotonicMs(): number
  sleep(ms: number, signal: AbortSignal): Promise<void>
  /** Converts a time of the API server to this clock. */
  ofServer(ms: number): number
}

export function fastClock(speed: number): FastClock {
  const [startMs, startedMs] = [Date.now(), performance.now()]
  const ofServer = (ms: number) => startMs + (ms - startMs) * speed
  return {
    speed,
    nowMs: () => startMs + (performance.now() - startedMs) * speed,
    monotonicMs: () => performance.now() * speed,
    sleep: (ms, signal) => delay(ms / speed, undefined, { signal }).catch(() => {}),
    ofServer,
  }
}

export const iso = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')

/** Deadlines in real time, because a loaded machine needs the same time for a request at any clock speed. */
export interface SpedUpDeadlines {
  realMs(path: string, deadlineMs: number): number
  readonly watchIdleMs: number
}

/** The API as it would be if the API server's clock were as fast. */
export function speedUp(api: KubernetesApi, clock: FastClock, deadlines: SpedUpDeadlines): KubernetesApi {
  const dated = (object: unknown): void => {
    const { metadata } = toRecord(object)
    if (!isRecord(metadata)) return
    const created = toRecord(metadata.annotations)[createdAnnotation]
    if (created !== undefined) metadata.creationTimestamp = created
    const { deletionTimestamp } = metadata
    if (typeof deletionTimestamp === 'string') {
      metadata.deletionTimestamp = iso(clock.ofServer(Date.parse(deletionTimestamp)))
    }
  }
  return {
    request: async (request) => {
      const deadlineMs = deadlines.realMs(request.path, request.deadlineMs)
      const answer = await api.request({ ...request, deadlineMs })
      const items = answer.kind === 'response' ? toRecord(answer.body).items : undefined
      if (Array.isArray(items)) items.forEach(dated)
      return answer
    },
    async *watch(path, _idleMs, signal) {
      for await (const item of api.watch(path, deadlines.watchIdleMs, signal)) {
        if (item.kind === 'event') dated(toRecord(item.event).object)
        yield item
      }
    },
  }
}
