import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { TestContext } from 'node:test'
import { createAuthority, issueServingCertificate } from '../../certs/pki/issue-certificates.ts'
import type { ApiRequest } from '../../kubernetes/api.ts'
import {
  configurationPath,
  createFakeCertificateApi,
  type FakeCertificateApi,
  type StoredObject,
  secretPath,
} from './fake-certificate-api.ts'

/** The fake API over TLS, with lists and watches. Other collections do not exist. */
export interface FakeApiServer extends FakeCertificateApi {
  readonly port: number
  /** A service account's `token` and `ca.crt`. */
  readonly serviceAccountDir: string
}

const collections = new Map([
  [secretPath.slice(0, secretPath.lastIndexOf('/')), 'secret'],
  [configurationPath.slice(0, configurationPath.lastIndexOf('/')), 'configuration'],
] as const)

export async function startFakeApiServer(t: TestContext): Promise<FakeApiServer> {
  const api = createFakeCertificateApi(Date.now)
  const authority = createAuthority(new Date(), 1)
  const { certificatePem, privateKeyPem } = issueServingCertificate(authority, ['127.0.0.1'], new Date(), 1)
  const serviceAccountDir = await mkdtemp(join(tmpdir(), 'spark-nanny-certs-'))
  await writeFile(join(serviceAccountDir, 'ca.crt'), authority.certificatePem)
  await writeFile(join(serviceAccountDir, 'token'), 'a-token')
  const watches = new Map<ServerResponse, 'secret' | 'configuration'>()
  const published = { secret: '', configuration: '' }

  /** Sends the changes since the last call to the watches. */
  const notifyWatches = () => {
    for (const kind of ['secret', 'configuration'] as const) {
      const object = api[kind]()
      const version = object?.metadata.resourceVersion ?? ''
      if (version === published[kind]) continue
      published[kind] = version
      const event = eventOf(kind, object)
      for (const [response, watched] of watches) if (watched === kind) response.write(event)
    }
  }
  const versionOf = (object: StoredObject | undefined) => object?.metadata.resourceVersion ?? '1'
  const eventOf = (kind: 'secret' | 'configuration', object: StoredObject | undefined) => {
    const type = object === undefined ? 'DELETED' : 'MODIFIED'
    return `${JSON.stringify({ type, object: object ?? gone(kind) })}\n`
  }
  const gone = (kind: 'secret' | 'configuration') => ({
    metadata: {
      ...(kind === 'secret' ? { name: 'tls', namespace: 'spark-nanny' } : { name: 'spark-nanny' }),
      resourceVersion: '1',
    },
  })

  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const { method = 'GET', url = '', headers } = request
    const { pathname, searchParams } = new URL(url, 'https://api')
    const kind = collections.get(pathname)
    if (method === 'GET' && kind !== undefined) {
      const object = api[kind]()
      const items: readonly StoredObject[] = object === undefined ? [] : [object]
      response.writeHead(200, { 'content-type': 'application/json' })
      if (searchParams.get('watch') !== 'true') {
        response.end(JSON.stringify({ kind: 'List', metadata: { resourceVersion: versionOf(object) }, items }))
        return
      }
      response.flushHeaders()
      watches.set(response, kind)
      // What changed between the list and the watch.
      if (searchParams.get('resourceVersion') !== versionOf(object)) response.write(eventOf(kind, object))
      response.on('close', () => watches.delete(response))
      return
    }
    const body = method === 'GET' ? undefined : (JSON.parse(await text(request)) as unknown)
    const contentType = headers['content-type'] as ApiRequest['contentType']
    const asked = { method: method as ApiRequest['method'], path: url, body, deadlineMs: 0 }
    const answer = api.answer({ ...asked, ...(contentType !== undefined && { contentType }) })
    if (answer.kind === 'response')
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body))
    notifyWatches()
  }
  const server = createServer({ key: privateKeyPem, cert: certificatePem }, (request, response) => {
    serve(request, response).catch(() => response.destroy())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(async () => {
    server.closeAllConnections()
    server.close()
    await rm(serviceAccountDir, { recursive: true, force: true })
  })
  const { port } = server.address() as AddressInfo
  return {
    ...api,
    port,
    serviceAccountDir,
    put: (kind, object) => {
      api.put(kind, object)
      notifyWatches()
    },
    remove: (kind) => {
      api.remove(kind)
      notifyWatches()
    },
  }
}
