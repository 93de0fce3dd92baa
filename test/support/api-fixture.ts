import type { TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { createClient } from '../../kubernetes/client.ts'
import { loadAccess } from '../../kubernetes/in-cluster-access.ts'
import type { ReflectorDeps } from '../../kubernetes/reflector.ts'
import { type FakeApiServer, startFakeApiServer } from './fake-api-server.ts'
import { createRecordingLog, type RecordedLine } from './recording-log.ts'

export interface ApiFixture {
  readonly api: FakeApiServer
  readonly deps: ReflectorDeps
  readonly lines: readonly RecordedLine[]
  readonly signal: AbortSignal
}

/** An API server and a client as a pod has it. Both are closed when the test ends. */
export async function createApiFixture(t: TestContext): Promise<ApiFixture> {
  const api = await startFakeApiServer()
  const env = { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(api.port) }
  const client = createClient(await loadAccess(env, api.serviceAccountDir))
  const controller = new AbortController()
  t.after(async () => {
    controller.abort()
    client.close()
    await api.close()
  })
  const { log, lines } = createRecordingLog()
  const sleep = (ms: number, signal: AbortSignal) => delay(ms, undefined, { signal }).catch(() => {})
  return { api, lines, signal: controller.signal, deps: { api: client, log, sleep, random: () => 0, nowMs: Date.now } }
}

/** Waits until `test` is true. Rejects after 20 s, which is long enough for a loaded machine. */
export async function until(test: () => boolean, what: string): Promise<void> {
  for (let waitedMs = 0; !test(); waitedMs += 10) {
    if (waitedMs > 20_000) throw new Error(`timed out waiting for: ${what}`)
    await delay(10)
  }
}
