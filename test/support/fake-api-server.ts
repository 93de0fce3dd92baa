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

/** An API server over TLS on a real socket, with the requests that spark-nanny makes: lists, watches, dry runs, writes. */
export interface FakeApiServer {
  readonly port: number
  /** A service account's `token` and `ca.crt`. */
  readonly serviceAccountDir: string
  /** `METHOD path?query` of each request except watches. */
  readonly requests: string[]
  /** The parsed bodies of all writes. */
  readonly bodies: { readonly path: string; readonly contentType: string; readonly body: unknown }[]
  /** Creates empty collections. */
  define(...names: readonly string[]): void
  /** Removes a collection without watch events. */
  undefine(name: string): void
  /** Creates or replaces an object, with a watch event. Creates its collection if necessary. */
  set(collection: string, object: FakeObject): void
  remove(collection: string, object: FakeObject): void
  /** The current object. */
  get(collection: string, namespace: string, name: string): FakeObject | undefined
  list(collection: string): readonly FakeObject[]
  /** Removes an object without a watch event. */
  forget(collection: string, object: FakeObject): void
  /** Sets a handler that responds instead of the server. If it returns undefined, the server responds. */
  intercept(handler: (method: string, path: string) => FakeAnswer | undefined): void
  /** Ends all watches, as a server that restarts does, or with the error of a compacted version. */
  endWatches(how: 'closed' | 'destroyed' | 'gone'): void
  watches(): number
  /** Sends a bookmark to all watches of a collection. */
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
  /** Plain text instead of the body, for example a log. */
  readonly text?: string
  readonly delayMs?: number
  readonly headers?: Readonly<Record<string, string>>
}

interface Watch {
  readonly collection: string
  /** Empty for a watch of all namespaces. */
  readonly namespace: string
  readonly response: ServerResponse
}

interface Received {
  readonly method: string
  readonly pathname: string
  readonly contentType: string
  readonly authorization: string | undefined
  readonly body: string
}

/** The collection or object that a path names. */
interface Target {
  readonly collection: string
  /** Empty for all namespaces, and for objects without a namespace. */
  readonly namespace: string
  /** Empty for a collection. */
  readonly name: string
}

function parseTarget(pathname: string, collections: ReadonlyMap<string, unknown>): Target {
  const within = /^(.*)\/namespaces\/([^/]+)\/([^/]+)(?:\/([^/]+))?$/.exec(pathname)
  if (within !== null) {
    const [, api = '', namespace = '', plural = '', name = ''] = within
    return { collection: `${api}/${plural}`, namespace, name }
  }
  const [, parent = '', name = ''] = /^(.+)\/([^/]+)$/.exec(pathname) ?? []
  const isObject = !collections.has(pathname) && collections.has(parent)
  return isObject ? { collection: parent, namespace: '', name } : { collection: pathname, namespace: '', name: '' }
}

const isIn = ({ metadata }: FakeObject, namespace: string) => namespace === '' || metadata.namespace === namespace

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
      response.writeHead(status, { 'content-type': contentType, ...headers }).end(plain ?? `${JSON.stringify(body)}\n`)
    }, delayMs)
  }
  const notFound: FakeAnswer = { status: 404, body: { kind: 'Status', code: 404, message: 'not found' } }
  const broadcast = (collection: string, type: string, object: FakeObject) => {
    for (const watch of watches) {
      const isWatched = watch.collection === collection && isIn(object, watch.namespace)
      if (isWatched) watch.response.write(`${JSON.stringify({ type, object })}\n`)
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

  const respondToObject = (target: Target, { method, contentType, body }: Received): FakeAnswer => {
    const { collection, namespace, name } = target
    const objects = collections.get(collection)
    if (method === 'GET') {
      const object = objects?.get(`${namespace}/${name}`)
      return object === undefined ? notFound : { status: 200, body: object }
    }
    const store = {
      get: (key: string) => objects?.get(key),
      put: (object: FakeObject) => set(collection, object),
      delete: (object: FakeObject) => remove(collection, object),
    }
    return writeObject({ method, namespace, name, contentType, body: body === '' ? {} : JSON.parse(body) }, store)
  }

  const respondToList = ({ collection, namespace }: Target, query: URLSearchParams): FakeAnswer => {
    const listed = [...(collections.get(collection)?.values() ?? [])].filter(
      (object) => isIn(object, namespace) && isSelected(object, query.get('labelSelector')),
    )
    return { status: 200, body: page(listed, query, String(version)) }
  }

  const startWatch = ({ collection, namespace }: Target, query: URLSearchParams, response: ServerResponse): void => {
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
    const watch = { collection, namespace, response }
    watches.add(watch)
    response.on('close', () => watches.delete(watch))
    // Changes between the list and the watch.
    for (const object of collections.get(collection)?.values() ?? []) {
      const isNewer = Number(object.metadata.resourceVersion) > Number(query.get('resourceVersion'))
      if (isNewer && isIn(object, namespace)) response.write(`${JSON.stringify({ type: 'MODIFIED', object })}\n`)
    }
  }

  /** The response to a request that is not a watch of an existing collection. */
  const respond = (received: Received, target: Target, query: URLSearchParams): FakeAnswer => {
    const { method, pathname, body } = received
    if (received.authorization !== 'Bearer a-token') return { status: 401, body: {} }
    if (method === 'POST' && query.get('dryRun') === 'All') return { status: 201, body: JSON.parse(body) }
    const isWritable = target.namespace !== '' || collections.has(target.collection)
    if (target.name !== '' || (method !== 'GET' && isWritable)) return respondToObject(target, received)
    const found = discovery(pathname, collections.keys())
    if (found !== undefined) return { status: 200, body: found }
    // As an API server responds for an unknown custom resource.
    if (!collections.has(target.collection)) return { status: 404, body: null, text: '404 page not found\n' }
    return respondToList(target, query)
  }

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const { method = 'GET', url = '', headers } = request
    const { pathname, searchParams } = new URL(url, 'https://api')
    const body = method === 'GET' ? '' : await text(request)
    const { authorization } = headers
    const received = { method, pathname, contentType: String(headers['content-type']), authorization, body }
    if (body !== '') bodies.push({ path: pathname, contentType: received.contentType, body: JSON.parse(body) })
    const isWatch = searchParams.get('watch') === 'true'
    if (!isWatch) requests.push(`${method} ${url}`)
    const intercepted = handler(method, url)
    if (intercepted !== undefined) return send(response, intercepted)
    const target = parseTarget(pathname, collections)
    const answered = respond(received, target, searchParams)
    if (isWatch && answered.status === 200) return startWatch(target, searchParams, response)
    send(response, answered)
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

/** One page of a list. A client that ignores `continue` misses objects. */
function page(objects: readonly FakeObject[], query: URLSearchParams, resourceVersion: string) {
  const from = Number(query.get('continue') ?? 0)
  const to = from + Number(query.get('limit') ?? objects.length)
  return {
    kind: 'List',
    metadata: { resourceVersion, ...(to < objects.length && { continue: String(to) }) },
    items: objects.slice(from, to),
  }
}
