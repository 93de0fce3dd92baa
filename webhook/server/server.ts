import type { Server } from 'node:https'
import type { SecureContextOptions } from 'node:tls'
import Fastify, { type FastifyError, type FastifyInstance } from 'fastify'
import type { AdmissionRequest } from '../../admission/admission-review.ts'
import type { Admission } from '../../admission/admit.ts'
import { createBodyReader, type ReceivedBody } from './body-reader.ts'
import { limitConnections } from './connection-limit.ts'
import { paceHandshakes } from './handshake-pace.ts'
import { batchReviews } from './review-batcher.ts'
import { sendReview } from './send-review.ts'

export interface ServerDeps {
  /** `peer`: the address of the client. */
  admit(request: AdmissionRequest, peer: string): Admission | Promise<Admission>
  /** The names of the parts that are not ready. The process is ready if the list is empty. */
  unready(): readonly string[]
  /** The names of the loops that ended but never should. The process is healthy if the list is empty. */
  broken(): readonly string[]
  /** Called for each request that is not an AdmissionReview. */
  onMalformedRequest(status: number, detail: string): void
  /** Null if there is none yet: handshakes then fail until `server.setSecureContext` is called. */
  readonly certificate: SecureContextOptions | null
  readonly timeouts?: Partial<ServerTimeouts>
  readonly limits?: Partial<ServerLimits>
}

/** In milliseconds. */
export interface ServerTimeouts {
  /** Longer than the 90 s after which the API server's client closes an idle connection (IdleConnTimeout). */
  readonly keepAliveMs: number
  /** The maximum time to receive a whole request. */
  readonly requestMs: number
  readonly checkIntervalMs: number
  /** The maximum time in which a client must take a large response. In the network of a cluster it takes well under a second. */
  readonly sendMs: number
}

const defaultTimeouts: ServerTimeouts = {
  keepAliveMs: 120_000,
  requestMs: 10_000,
  checkIntervalMs: 2_000,
  sendMs: 10_000,
}

export interface ServerLimits {
  /** The API server rejects objects larger than 3 MiB (MaxRequestBodyBytes). etcd rejects more than 1.5 MiB by default. */
  readonly maxBodyBytes: number
  /** Of all bodies that are not answered yet. A sixteenth of the chart's memory limit. It holds 1,500 drivers of 16 kB. */
  readonly maxTotalBytes: number
  /**
   * A TLS connection takes 100 kB. An API server keeps at most 25 connections that are idle (idleConnsPerHost of client-go), and
   * has one more for each admission at the same time, which take 1 ms.
   */
  readonly maxConnections: number
}

const defaultLimits: ServerLimits = { maxBodyBytes: 3 * 1024 ** 2, maxTotalBytes: 24 * 1024 ** 2, maxConnections: 500 }

/** Prevents Fastify from loading ajv for schemas, which would take a tenth of the memory limit. No route has a schema. */
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
 * The HTTPS application. It only speaks HTTP/1.1, because the API server's client offers nothing else for a Service
 * (k8s.io/apiserver/pkg/util/webhook/client.go). The response to any request is a review that allows the object, or a 4xx
 * that describes the problem without a stack trace.
 */
export function createWebhookServer(deps: ServerDeps): FastifyInstance<Server> {
  const { keepAliveMs, requestMs, checkIntervalMs, sendMs } = { ...defaultTimeouts, ...deps.timeouts }
  const limits = { ...defaultLimits, ...deps.limits }
  const app = Fastify({
    https: {
      ...deps.certificate,
      ALPNProtocols: ['http/1.1'],
      handshakeTimeout: requestMs,
      headersTimeout: requestMs,
      connectionsCheckingInterval: checkIntervalMs,
    },
    requestTimeout: requestMs,
    keepAliveTimeout: keepAliveMs,
    logger: false,
    schemaController: withoutSchemas,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
  })
  paceHandshakes(app.server)
  limitConnections(app.server, limits.maxConnections)
  app.removeAllContentTypeParsers()
  // The body is parsed later, because Fastify's parser rejects the key `__proto__`, which an annotation may have.
  const readBody = createBodyReader(limits)
  app.addContentTypeParser('application/json', (request, payload, done) => {
    if (request.is404) done(null)
    else readBody(request, payload, done)
  })
  app.setErrorHandler((error: FastifyError, _request, reply) => {
    const status = error.statusCode !== undefined && error.statusCode >= 400 ? error.statusCode : 500
    deps.onMalformedRequest(status, error.message)
    // The API server's client repeats a request after a 503 only if this header says when (checkWait of client-go).
    if (status === 503) reply.header('retry-after', '1')
    reply.code(status).send({ error: status < 500 ? error.message : 'internal error' })
  })
  app.setNotFoundHandler((_request, reply) => {
    reply.code(404).send({ error: 'not found; this server has POST /mutate, GET /healthz and GET /readyz' })
  })
  const post = batchReviews(deps.admit)
  app.post('/mutate', (request, reply) => {
    const body = (request.body as ReceivedBody | undefined) ?? noBody
    const { bytes, release, hold, onRevoke } = body
    const waiting = post({
      body: bytes,
      peer: request.socket.remoteAddress ?? '',
      hold,
      send: (review) => sendReview(reply, review, body, sendMs),
      sendUnread: (review, problem) => {
        deps.onMalformedRequest(200, problem)
        sendReview(reply, review, body, sendMs)
      },
      refuse: ({ status, ...refusal }) => {
        release()
        deps.onMalformedRequest(status, refusal.error)
        reply.code(status).send(refusal)
      },
      fail: (error) => {
        release()
        if (!reply.sent) reply.send(error)
      },
    })
    onRevoke((error) => {
      waiting.remove()
      reply.send(error)
    })
  })
  const addHealthRoute = (path: string, key: string, findProblems: () => readonly string[]) =>
    app.get(path, (_request, reply) => {
      const list = findProblems()
      reply.code(list.length === 0 ? 200 : 503).send({ ok: list.length === 0, [key]: list })
    })
  addHealthRoute('/healthz', 'broken', deps.broken)
  addHealthRoute('/readyz', 'missing', deps.unready)
  return app
}

/** A POST without a body has no content type, so that no parser reads it. */
const noBody: ReceivedBody = { bytes: Buffer.alloc(0), release: () => {}, onRevoke: () => {}, hold: () => null }
