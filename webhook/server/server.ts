import type { Server } from 'node:https'
import type { SecureContextOptions } from 'node:tls'
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply } from 'fastify'
import type { AdmissionRequest } from '../../admission/admission-review.ts'
import type { Admission } from '../../admission/admit.ts'
import { batchReviews } from './review-batcher.ts'

export interface ServerDeps {
  admit(request: AdmissionRequest): Admission | Promise<Admission>
  /** What keeps the process from being ready, by name; empty: ready. */
  unready(): readonly string[]
  /** What in the process has ended that never should; empty: healthy. */
  broken(): readonly string[]
  /** Called for each request that is no AdmissionReview. */
  onMalformedRequest(status: number, detail: string): void
  /** Null: none yet; handshakes fail until `server.setSecureContext`. */
  readonly certificate: SecureContextOptions | null
  readonly timeouts?: Partial<ServerTimeouts>
}

/** In milliseconds. */
export interface ServerTimeouts {
  /** Longer than the 90 s after which the API server's client lets go of an idle connection (IdleConnTimeout). */
  readonly keepAliveMs: number
  /** For a whole request to come in. */
  readonly requestMs: number
  readonly checkIntervalMs: number
}

const defaultTimeouts: ServerTimeouts = { keepAliveMs: 120_000, requestMs: 10_000, checkIntervalMs: 2_000 }

/** The API server takes no object over 3 MiB (MaxRequestBodyBytes); etcd, by default, none over 1.5. */
export const bodyLimitBytes = 3 * 1024 * 1024

/** No route has a schema; Fastify would load ajv and its like all the same: a tenth of the memory that we may have. */
const withoutSchemas = {
  compilersFactory: {
    buildValidator: (): never => {
      throw new Error('no route has a schema')
    },
    buildSerializer: (): never => {
      throw new Error('no route has a schema')
    },
  },
}

/**
 * The HTTPS application. HTTP/1.1 only: for a Service the API server's client offers nothing else
 * (k8s.io/apiserver/pkg/util/webhook/client.go). Whatever is sent, the answer is a review that allows or a 4xx that
 * says what is wrong, without a stack trace.
 */
export function createWebhookServer(deps: ServerDeps): FastifyInstance<Server> {
  const { keepAliveMs, requestMs, checkIntervalMs } = { ...defaultTimeouts, ...deps.timeouts }
  const app = Fastify({
    https: {
      ...deps.certificate,
      ALPNProtocols: ['http/1.1'],
      handshakeTimeout: requestMs,
      headersTimeout: requestMs,
      connectionsCheckingInterval: checkIntervalMs,
    },
    bodyLimit: bodyLimitBytes,
    requestTimeout: requestMs,
    keepAliveTimeout: keepAliveMs,
    logger: false,
    schemaController: withoutSchemas,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
  })
  app.removeAllContentTypeParsers()
  // Parsed later: Fastify's own parser refuses a key `__proto__`, which an annotation may have.
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => done(null, body))
  app.setErrorHandler((error: FastifyError, _request, reply) => {
    const status = error.statusCode !== undefined && error.statusCode >= 400 ? error.statusCode : 500
    deps.onMalformedRequest(status, error.message)
    reply.code(status).send({ error: status < 500 ? error.message : 'internal error' })
  })
  app.setNotFoundHandler((_request, reply) => {
    reply.code(404).send({ error: 'not found: POST /mutate, GET /healthz and GET /readyz are here' })
  })
  const post = batchReviews(deps.admit)
  app.post('/mutate', (request, reply) => {
    post({
      body: String(request.body),
      send: (review) => sendJson(reply, review),
      refuse: ({ status, ...refusal }) => {
        deps.onMalformedRequest(status, refusal.error)
        reply.code(status).send(refusal)
      },
      fail: (error) => {
        if (!reply.sent) reply.send(error)
      },
    })
  })
  const truth = (path: string, key: string, wrongs: () => readonly string[]) =>
    app.get(path, (_request, reply) => {
      const list = wrongs()
      reply.code(list.length === 0 ? 200 : 503).send({ ok: list.length === 0, [key]: list })
    })
  truth('/healthz', 'broken', deps.broken)
  truth('/readyz', 'missing', deps.unready)
  return app
}

/** Past Fastify's hooks and serializers, of which there are none: a tenth of a request's time. */
function sendJson(reply: FastifyReply, json: string): void {
  reply.hijack()
  // Nearly always ASCII: then no byte has to be looked at again on its way out.
  const length = Buffer.byteLength(json)
  const encoding = length === json.length ? 'latin1' : 'utf8'
  reply.raw.writeHead(200, { 'content-type': 'application/json; charset=utf-8', 'content-length': length })
  reply.raw.end(json, encoding)
}
