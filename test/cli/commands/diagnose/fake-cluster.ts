import type { TestContext } from 'node:test'
import { createClient } from '../../../../kubernetes/client.ts'
import { loadAccess } from '../../../../kubernetes/in-cluster-access.ts'
import { type FakeAnswer, type FakeApiServer, startFakeApiServer } from '../../../support/fake-api-server.ts'
import { type Ran, runCli } from '../../run-cli.ts'

export interface FakeCluster {
  readonly api: FakeApiServer
  /** The text of each written file by its path. */
  readonly written: Map<string, string>
  diagnose(...args: readonly string[]): Promise<Ran>
}

/** Answers by path; a query after the path is ignored. Other paths get HTTP 404. */
export type Answers = Readonly<Record<string, Partial<FakeAnswer> | object>>

export const pods = '/api/v1/namespaces/jobs/pods'

/** Starts an API server with these objects on a real socket, and connects the command line to it. */
export async function fakeCluster(t: TestContext, answers: Answers): Promise<FakeCluster> {
  const api = await startFakeApiServer()
  const env = { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(api.port) }
  const client = createClient(await loadAccess(env, api.serviceAccountDir))
  t.after(async () => {
    client.close()
    await api.close()
  })
  const paths = Object.keys(answers).toSorted((a, b) => b.length - a.length)
  api.intercept((_method, path) => {
    const found = paths.find((known) => path === known || path.startsWith(`${known}?`))
    if (found === undefined) return { status: 404, body: { message: 'not found' } }
    const answer = answers[found] ?? {}
    return 'status' in answer && typeof answer.status === 'number'
      ? { body: {}, ...answer, status: answer.status }
      : { status: 200, body: answer }
  })
  const written = new Map<string, string>()
  return {
    api,
    written,
    diagnose: (...args) =>
      runCli(['diagnose', '-n', 'jobs', ...args], {}, '', {
        connect: async () => ({
          api: client,
          server: 'https://fake',
          namespace: 'jobs',
          context: null,
          close: () => {},
        }),
        makePrivateFolder: async () => {},
        writePrivateFile: async (path, text) => {
          written.set(path, text)
        },
      }),
  }
}

/** A driver pod as the API server returns it. */
export const podObject = (
  state: object,
  more: { phase?: string; spec?: object; metadata?: object; status?: object } = {},
) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'd', namespace: 'jobs', uid: 'u1', labels: { 'spark-role': 'driver' }, ...more.metadata },
  spec: {
    containers: [{ name: 'spark-kubernetes-driver', image: 'spark:4', args: ['driver'] }],
    nodeName: 'node1',
    volumes: [{ name: 'spark-conf-volume-driver', configMap: { name: 'd-conf-map' } }],
    ...more.spec,
  },
  status: {
    phase: more.phase ?? 'Failed',
    containerStatuses: [{ name: 'spark-kubernetes-driver', restartCount: 0, state }],
    ...more.status,
  },
})

export const exited = (exitCode: number) => ({ terminated: { exitCode, reason: 'Error' } })
export const runs = { running: { startedAt: '2026-11-24T11:00:00Z' } }

/** Healthy answers for the other objects that `diagnose` reads. */
export const surroundings: Answers = {
  '/api/v1/namespaces/jobs/events': { items: [] },
  '/api/v1/namespaces/jobs/resourcequotas': { items: [] },
  '/api/v1/namespaces/jobs/limitranges': { items: [] },
  '/api/v1/namespaces/jobs/services': { items: [] },
  '/api/v1/nodes/node1': { metadata: { name: 'node1' }, status: { conditions: [{ type: 'Ready', status: 'True' }] } },
  '/api/v1/namespaces/jobs/configmaps/d-conf-map': { data: { 'spark.properties': 'spark.driver.memory=2g\n' } },
}
