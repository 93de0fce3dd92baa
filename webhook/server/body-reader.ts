import type { IncomingMessage } from 'node:http'
import type { FastifyRequest } from 'fastify'
import { createFairShares, type Share } from '../../core/fair-shares.ts'

/** A complete body, and its share of the memory for all bodies, which is released when the body is no longer needed. */
export interface ReceivedBody extends Pick<Share, 'release'> {
  readonly bytes: Buffer
  /** Calls `revoked` if another client needs the memory before {@link hold}. The body must be dropped then. */
  onRevoke(revoked: (error: Error) => void): void
  /**
   * Keeps the memory until `release`, because something is awaited for the body. Returns an error if too much is kept for this
   * client already. The body must be dropped then.
   */
  hold(): Error | null
}

/** Why a body is not read, for Fastify's error handler. */
class BodyRefusal extends Error {
  readonly statusCode: 400 | 411 | 413 | 503

  constructor(statusCode: BodyRefusal['statusCode'], message: string) {
    super(message)
    this.statusCode = statusCode
  }
}

export interface BodyLimits {
  readonly maxBodyBytes: number
  /** The maximum of all bodies that are received at the same time. */
  readonly maxTotalBytes: number
}

type Done = (error: Error | null, body?: ReceivedBody) => void

/**
 * Returns the parser for Fastify that reads a body into one buffer of its declared length. Fastify's own parser keeps each
 * chunk, and 3 MiB in chunks of a byte take more than 800 MB. A body without a Content-Length is refused: the API server's
 * client always declares it.
 */
export function createBodyReader({ maxBodyBytes, maxTotalBytes }: BodyLimits) {
  const shares = createFairShares(maxTotalBytes)
  return (request: FastifyRequest, payload: IncomingMessage, done: Done): void => {
    const declared = request.headers['content-length']
    const length = Number(declared)
    if (declared === undefined) {
      done(new BodyRefusal(411, 'a body needs a Content-Length'))
    } else if (length > maxBodyBytes) {
      done(new BodyRefusal(413, 'Request body is too large'))
    } else {
      const receiving = receive(payload, length, done)
      const share = shares.take(request.socket.remoteAddress ?? '', length, () => receiving.stop(refuseForMemory()))
      if (share === null) receiving.stop(refuseForMemory())
      else receiving.start(share)
    }
  }
}

const refuseForMemory = () => new BodyRefusal(503, 'too many bodies are being handled at the same time; try again')

interface Receiving {
  start(share: Share): void
  /** Also after the body is complete, until it is held. */
  stop(error: Error): void
}

function receive(payload: IncomingMessage, length: number, done: Done): Receiving {
  let share: Share | undefined
  let buffer: Buffer | undefined
  let filled = 0
  /** Set when the body is complete. */
  let revoked: ((error: Error) => void) | undefined
  const onData = (chunk: Buffer) => {
    // Most bodies arrive in one piece.
    if (filled === 0 && chunk.length === length) buffer = chunk
    else {
      buffer ??= Buffer.allocUnsafe(length)
      chunk.copy(buffer, filled)
    }
    filled += chunk.length
  }
  const stop = (error: Error) => {
    if (revoked !== undefined) return revoked(error)
    detach()
    share?.release()
    buffer = undefined
    done(error)
  }
  const onEnd = () => {
    if (filled !== length || share === undefined) return onAbort()
    detach()
    const { release, settle } = share
    revoked = () => {}
    done(null, {
      bytes: buffer ?? Buffer.alloc(0),
      release,
      onRevoke: (callback) => {
        revoked = callback
      },
      hold: () => (settle() ? null : refuseForMemory()),
    })
    buffer = undefined
  }
  const onAbort = () => stop(new BodyRefusal(400, 'the body is incomplete'))
  const detach = () => {
    payload.off('data', onData).off('end', onEnd).off('close', onAbort)
  }
  // After a refusal nothing else listens to the errors of the rest.
  payload.on('error', () => {})
  return {
    start: (taken) => {
      share = taken
      payload.on('data', onData).on('end', onEnd).on('close', onAbort)
    },
    stop,
  }
}
