import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { createAuthority, issueServingCertificate } from '../../certs/pki/issue-certificates.ts'
import { discovery } from './fake-discovery.ts'
import { isSelected, writeObject } from './fake-writes.ts'

/** The part of an API server that the webhook talks to, over TLS on a real socket: lists, watches, dry runs, writes. */
export interface FakeApiServer {
  readonly port: number
  /** A service account's `token` and `ca.crt`. */
  readonly serviceAccountDir: string
  /** `METHOD path?query` of each request but those of watches that it answered. */
  readonly requests: string[]
  /** The parsed bodies of what was written. */
  readonly bodies: { readonly path: string; readonly contentType: string; readonly body: unknown }[]
  /** Makes an empty collection exist. */
  define(...names: readonly string[]): void
  /** Makes a collection be no more, of which no watch will tell. */
  undefine(name: string): void
  /** Makes a collection exist, and puts an object in it: as a watch event too. */
  set(collection: string, object: FakeObject): void
  remove(collection: string, object: FakeObject): void
  /** As it is now. */
  get(collection: string, namespace: string, name: string): FakeObject | undefined
  list(collection: string): readonly FakeObject[]
  /** Removes an object of which no watch will tell. */
  forget(collection: string, object: FakeObject): void
  /** Answers instead of the server; undefined: the server answers. */
  intercept(handler: (method: string, path: string) => FakeAnswer | undefined): void
  /** Ends all watches, in the way of a server that restarts or of a version that was compacted. */
  endWatches(how: 'closed' | 'destroyed' | 'gone'): void
  watches(): number
  /** Tells all watches of a collection up to where they have seen everything. */
  bookmark(collection: string): void
  close(): Promise<void>
}

export interface FakeObject {
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [field: string]: unknown }
  readonly [field: string]: unknown
}

export interface FakeAnswer {
  readonly status: number
  readonly body: unknown
  /** Instead of the body, as it is: a log. */
  readonly text?: string
  readonly delayMs?: number
  readonly headers?: Readonly<Record<string, string>>
}

interface Watch {
  readonly collection: string
  readonly response: ServerResponse
}

export async function startFakeApiServer(): Promise<FakeApiServer> {
  const authority = createAuthority(new Date(), 1)
  const serving = issueServingCertificate(authority, ['127.0.0.1'], new Date(), 1)
  const serviceAccountDir = await mkdtemp(join(tmpdir(), 'spark-nanny-service-account-'))
  await writeFile(join(serviceAccountDir, 'ca.crt'), authority.certificatePem)
  await writeFile(join(serviceAccountDir, 'token'), 'a-token\n')

  const collections = new Map<string, Map<string, FakeObject>>()
  const watches = new Set<Watch>()
  const requests: string[] = []
  const bodies: FakeApiServer['bodies'] = []
  let version = 100
  let handler: (method: string, path: string) => FakeAnswer | undefined = () => undefined

  const send = (response: ServerResponse, { status, body, text: plain, delayMs = 0, headers = {} }: FakeAnswer) => {
    setTimeout(() => {
      const contentType = plain === undefined ? 'application/json' : 'text/plain'
      response.writeHead(status, { 'content-type': contentType, ...headers }).end(
        plain ??
          `${JSON.stringify(body)}
`,
      )
    }, delayMs)
  }
  const notFound: FakeAnswer = { status: 404, body: { kind: 'Status', code: 404, message: 'not found' } }
  const broadcast = (collection: string, type: string, object: FakeObject) => {
    for (const watch of watches) {
      if (watch.collection === collection) watch.response.write(`${JSON.stringify({ type, object })}\n`)
    }
  }
  const stamped = (object: FakeObject): FakeObject => {
    version += 1
    return { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } }
  }
  const keyOf = ({ metadata }: FakeObject) => `${metadata.namespace ?? ''}/${metadata.name}`

  const set = (collection: string, object: FakeObject): FakeObject => {
    const objects = collections.get(collection) ?? new Map<string, FakeObject>()
    collections.set(collection, objects)
    const type = objects.has(keyOf(object)) ? 'MODIFIED' : 'ADDED'
    const known = stamped(object)
    objects.set(keyOf(object), known)
    broadcast(collection, type, known)
    return known
  }
  const remove = (collection: string, object: FakeObject) => {
    collections.get(collection)?.delete(keyOf(object))
    broadcast(collection, 'DELETED', stamped(object))
  }

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const { method = 'GET', url = '' } = request
    const { pathname, searchParams } = new URL(url, 'https://api')
    const body = method === 'GET' ? '' : await text(request)
    if (body !== '') {
      bodies.push({ path: pathname, contentType: String(request.headers['content-type']), body: JSON.parse(body) })
    }
    const isWatch = searchParams.get('watch') === 'true'
    if (!isWatch) requests.push(`${method} ${url}`)
    const intercepted = handler(method, url)
    if (intercepted !== undefined) return send(response, intercepted)
    if (request.headers.authorization !== 'Bearer a-token') return send(response, { status: 401, body: {} })
    if (method === 'POST' && searchParams.get('dryRun') === 'All')
      return send(response, { status: 201, body: JSON.parse(body) })
    const within = /^(.*)\/namespaces\/([^/]+)\/([^/]+)(?:\/([^/]+))?$/.exec(pathname)
    const [, api, namespace = '', plural, name = ''] = within ?? []
    const collection = within === null ? pathname : `${api}/${plural}`
    const objects = collections.get(collection)
    if (within !== null && (name !== '' || method !== 'GET')) {
      if (method === 'GET') {
        const object = objects?.get(`${namespace}/${name}`)
        return send(response, object === undefined ? notFound : { status: 200, body: object })
      }
      const contentType = String(request.headers['content-type'])
      const store = {
        get: (key: string) => objects?.get(key),
        put: (object: FakeObject) => set(collection, object),
        delete: (object: FakeObject) => remove(collection, object),
      }
      const written = { method, namespace, name, contentType, body: body === '' ? {} : JSON.parse(body) }
      return send(response, writeObject(written, store))
    }
    const found = discovery(pathname, collections.keys())
    if (found !== undefined) return send(response, { status: 200, body: found })
    // As a real one says it of a custom resource that it does not know.
    if (objects === undefined) return send(response, { status: 404, body: null, text: '404 page not found\n' })
    if (!isWatch) {
      const listed = [...objects.values()].filter(
        (object) =>
          (within === null || object.metadata.namespace === namespace) &&
          isSelected(object, searchParams.get('labelSelector')),
      )
      return send(response, { status: 200, body: page(listed, searchParams, String(version)) })
    }
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
    const watch = { collection: pathname, response }
    watches.add(watch)
    response.on('close', () => watches.delete(watch))
    // What came between the list and the watch.
    for (const object of objects.values()) {
      if (Number(object.metadata.resourceVersion) > Number(searchParams.get('resourceVersion'))) {
        response.write(`${JSON.stringify({ type: 'MODIFIED', object })}\n`)
      }
    }
  }

  const server = createServer({ key: serving.privateKeyPem, cert: serving.certificatePem }, (request, response) => {
    answer(request, response).catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  return {
    port: (server.address() as AddressInfo).port,
    serviceAccountDir,
    requests,
    bodies,
    define: (...names) => {
      for (const name of names) if (!collections.has(name)) collections.set(name, new Map())
    },
    undefine: (name) => void collections.delete(name),
    set: (collection, object) => void set(collection, object),
    remove,
    get: (collection, namespace, name) => collections.get(collection)?.get(`${namespace}/${name}`),
    list: (collection) => [...(collections.get(collection)?.values() ?? [])],
    forget: (collection, object) => {
      collections.get(collection)?.delete(keyOf(object))
    },
    intercept: (next) => {
      handler = next
    },
    endWatches: (how) => {
      const ended = [...watches]
      watches.clear()
      for (const { response } of ended) {
        if (how === 'destroyed') response.destroy()
        else if (how === 'closed') response.end()
        else
          response.end(
            `${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code: 410, message: 'too old' } })}\n`,
          )
      }
    },
    watches: () => watches.size,
    bookmark: (collection) => {
      const object = { kind: 'Bookmarked', apiVersion: 'v1', metadata: { resourceVersion: String(version) } }
      for (const watch of watches) {
        if (watch.collection === collection) watch.response.write(`${JSON.stringify({ type: 'BOOKMARK', object })}\n`)
      }
    },
    close: async () => {
      server.closeAllConnections()
      server.close()
      await rm(serviceAccountDir, { recursive: true, force: true })
    },
  }
}

/** In pages, so that a reader that does not go on misses something. */
function page(objects: readonly FakeObject[], query: URLSearchParams, resourceVersion: string) {
  const from = Number(query.get('continue') ?? 0)
  const to = from + Number(query.get('limit') ?? objects.length)
  return {
    kind: 'List',
    metadata: { resourceVersion, ...(to < objects.length && { continue: String(to) }) },
    items: objects.slice(from, to),
  }
}
