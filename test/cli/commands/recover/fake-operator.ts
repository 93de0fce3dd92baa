import type { TestContext } from 'node:test'
import { toRecord } from '../../../../core/json.ts'
import { createClient } from '../../../../kubernetes/client.ts'
import { loadAccess } from '../../../../kubernetes/in-cluster-access.ts'
import {
  type FakeAnswer,
  type FakeApiServer,
  type FakeObject,
  startFakeApiServer,
} from '../../../support/fake-api-server.ts'
import { type Ran, runCli } from '../../run-cli.ts'
import { application, exited, fullHeapLog, node, nowMs, pod, runs } from './driver-case.ts'

export const collections = {
  applications: '/apis/sparkoperator.k8s.io/v1beta2/sparkapplications',
  pods: '/api/v1/pods',
  events: '/api/v1/events',
} as const

export interface FakeOperator {
  readonly api: FakeApiServer
  /** Lines of the audit file. */
  readonly audit: string[]
  readonly log: { text: string }
  recover(...args: readonly string[]): Promise<Ran>
  application(): FakeObject | undefined
  /** Overrides the answers of the server for a method and a path. */
  answer(method: string, path: RegExp, answer: FakeAnswer | (() => FakeAnswer | undefined)): void
}

export interface FakeOperatorOptions {
  readonly application?: object
  readonly pod?: object | null
  /** The state of the next driver. By default it runs. If null, no driver is created. */
  readonly next?: object | null
  /** The answer of the next driver's Spark UI. */
  readonly ui?: FakeAnswer
}

/**
 * Starts an API server with a crashed driver and an operator. When the spec changes, the operator deletes the old pod.
 * When there is no pod, it creates the next driver. The clock advances only while the command waits.
 */
export async function fakeOperator(t: TestContext, options: FakeOperatorOptions = {}): Promise<FakeOperator> {
  const api = await startFakeApiServer()
  const env = { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(api.port) }
  const client = createClient(await loadAccess(env, api.serviceAccountDir))
  t.after(async () => {
    client.close()
    await api.close()
  })
  for (const plural of ['services', 'limitranges', 'resourcequotas', 'nodes', 'pods', 'events'])
    api.define(`/api/v1/${plural}`)
  api.set('/api/v1/nodes', node('32Gi') as FakeObject)
  api.set(collections.applications, (options.application ?? application()) as FakeObject)
  if (options.pod !== null) api.set(collections.pods, (options.pod ?? pod(exited(1), 'Failed')) as FakeObject)
  const log = { text: fullHeapLog }
  const audit: string[] = []
  const answers: { method: string; path: RegExp; answer: FakeAnswer | (() => FakeAnswer | undefined) }[] = []
  const body = (value: unknown): FakeAnswer => ({ status: 200, body: value })
  const findAnswer = (method: string, path: string): FakeAnswer | undefined => {
    for (const one of answers) {
      if (one.method !== method || !one.path.test(path)) continue
      const answer = typeof one.answer === 'function' ? one.answer() : one.answer
      if (answer !== undefined) return answer
    }
    return undefined
  }
  api.intercept((method, path) => {
    const answer = findAnswer(method, path)
    if (answer !== undefined) return answer
    if (path === '/api/v1/namespaces/jobs') return body({ metadata: { name: 'jobs' } })
    if (path.endsWith('/selfsubjectreviews')) return body({ status: { userInfo: { username: 'ann' } } })
    if (path.includes('/log?')) return { status: 200, body: null, text: log.text }
    if (path.includes('/proxy/')) return options.ui ?? body([{ id: 'spark-2' }])
    return undefined
  })
  const current = () => api.get(collections.applications, 'jobs', 'nightly')
  const specBefore = JSON.stringify(current()?.spec)
  let clockMs = nowMs
  const runOperator = () => {
    const object = current()
    const old = api.get(collections.pods, 'jobs', 'nightly-driver')
    const isChanged = JSON.stringify(object?.spec) !== specBefore
    if (object === undefined || options.next === null || old?.metadata.uid === 'pod-2') return
    if (isChanged && old !== undefined) return api.remove(collections.pods, old)
    if (old !== undefined) return
    const next = pod(options.next ?? runs, 'Running', { metadata: { uid: 'pod-2' } })
    api.set(collections.pods, next as FakeObject)
    const status = { ...toRecord(object.status), applicationState: { state: 'RUNNING' } }
    api.set(collections.applications, { ...object, status })
  }
  return {
    api,
    audit,
    log,
    application: current,
    answer: (method, path, answer) => answers.push({ method, path, answer }),
    recover: (...args) =>
      runCli(['recover', 'nightly', ...args], {}, '', {
        connect: async () => ({
          api: client,
          server: 'https://fake',
          namespace: 'jobs',
          context: null,
          close: () => {},
        }),
        nowMs: () => clockMs,
        sleep: async (ms) => {
          clockMs += ms
          runOperator()
        },
        appendFile: async (_path, text) => void audit.push(text),
      }),
  }
}

export const recoveries = (object: FakeObject | undefined): readonly Record<string, unknown>[] => {
  const text = toRecord(object?.metadata.annotations)['spark-nanny.io/recoveries']
  return typeof text === 'string' ? JSON.parse(text) : []
}
