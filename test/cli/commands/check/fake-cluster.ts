import type { TestContext } from 'node:test'
import { createCreationRequest } from '../../../../admission/admission-review.ts'
import { admit } from '../../../../admission/admit.ts'
import { connect } from '../../../../cli/cluster/connect.ts'
import type { CliIo } from '../../../../cli/io/cli-io.ts'
import { toRecord } from '../../../../core/json.ts'
import packageJson from '../../../../package.json' with { type: 'json' }
import { capableContext } from '../../../support/admission-captures.ts'
import { type FakeAnswer, type FakeObject, startFakeApiServer } from '../../../support/fake-api-server.ts'
import { type Ran, runCli } from '../../run-cli.ts'

/** The objects and the behavior of the API server of a fake cluster. */
export interface FakeCluster {
  /** Objects by the path of their collection in all namespaces, such as `/api/v1/pods`. */
  readonly objects: Readonly<Record<string, readonly FakeObject[]>>
  readonly version?: string
  /** The version of the webhook that admits dry runs, or null if there is no webhook. */
  readonly webhook: string | null
  /** Overrides answers. The key is a part of `METHOD path`. */
  readonly answers?: Readonly<Record<string, FakeAnswer>>
  /** The accesses, each as `verb resource`, that are denied to every user. */
  readonly denied?: readonly string[]
}

export const nowMs = Date.parse('2026-11-24T12:00:00Z')
export const { version } = packageJson

/** Runs the whole command against the cluster. Values that change between runs or releases are replaced in its output. */
export async function runInCluster(
  t: TestContext,
  cluster: FakeCluster,
  args: readonly string[],
  io: Partial<CliIo> = {},
): Promise<Ran> {
  const api = await startFakeApiServer()
  t.after(() => api.close())
  api.intercept((method, path) => answerRequest(cluster, method, path, api.bodies.at(-1)?.body))
  const env = {
    HOME: '/nonexistent',
    KUBERNETES_SERVICE_HOST: '127.0.0.1',
    KUBERNETES_SERVICE_PORT: String(api.port),
  }
  const ran = await runCli(args, {}, '', {
    nowMs: () => nowMs,
    connect: (flags) => connect(flags, env, api.serviceAccountDir),
    ...io,
  })
  return { ...ran, stdout: ran.stdout.replaceAll(`127.0.0.1:${api.port}`, 'api:6443').replaceAll(version, 'X.Y.Z') }
}

const status = (code: number, message: string): FakeAnswer => ({ status: code, body: { kind: 'Status', message } })

function answerRequest(cluster: FakeCluster, method: string, url: string, body: unknown): FakeAnswer {
  const { pathname, searchParams } = new URL(url, 'https://api')
  for (const [part, answer] of Object.entries(cluster.answers ?? {})) {
    if (`${method} ${pathname}`.includes(part)) return answer
  }
  if (pathname === '/version') return { status: 200, body: { gitVersion: cluster.version ?? 'v1.36.3' } }
  if (pathname === '/apis/admissionregistration.k8s.io/v1') return { status: 200, body: {} }
  if (pathname.endsWith('accessreviews')) return reviewAccess(cluster, body)
  const namespace = /\/namespaces\/([^/]+)\//.exec(pathname)?.[1]
  if (method === 'POST' && namespace !== undefined) return { status: 201, body: admitObject(cluster, namespace, body) }
  const collection = pathname.replace(/\/namespaces\/[^/]+\//, '/')
  const found = cluster.objects[collection]
  const inNamespace = (object: FakeObject) => namespace === undefined || object.metadata.namespace === namespace
  if (found !== undefined) {
    const items = found.filter(
      (object) => inNamespace(object) && matchesSelector(object, searchParams.get('labelSelector')),
    )
    return { status: 200, body: { kind: 'List', metadata: {}, items } }
  }
  const [, plural = '', name] = /^(.*)\/([^/]+)$/.exec(collection) ?? []
  const one = cluster.objects[plural]?.find((object) => inNamespace(object) && object.metadata.name === name)
  return one === undefined ? status(404, `${pathname} not found`) : { status: 200, body: one }
}

function matchesSelector({ metadata }: FakeObject, selector: string | null): boolean {
  const wanted = (selector ?? '').split(',').filter((part) => part !== '')
  return wanted.every((part) => {
    const [key = '', value] = part.split('=')
    return toRecord(metadata.labels)[key] === value
  })
}

/** Returns the object as the real webhook changes it, if its namespace has opted in. */
function admitObject({ webhook, objects }: FakeCluster, namespace: string, body: unknown): unknown {
  const { metadata } = objects['/api/v1/namespaces']?.find((object) => object.metadata.name === namespace) ?? {}
  if (webhook === null || toRecord(metadata?.labels)['spark-nanny.io/inject'] !== 'enabled') return body
  const { decision } = admit(createCreationRequest(body, namespace), { ...capableContext, version: webhook })
  if (decision.kind === 'inject') return decision.pod
  return decision.kind === 'patch-service' ? decision.service : body
}

function reviewAccess({ denied = [] }: FakeCluster, body: unknown): FakeAnswer {
  const { resourceAttributes } = toRecord(toRecord(body).spec)
  const { verb, resource } = toRecord(resourceAttributes)
  return { status: 201, body: { status: { allowed: !denied.includes(`${verb} ${resource}`) } } }
}
