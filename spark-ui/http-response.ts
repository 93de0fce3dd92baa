/**
 * Reads the response to one GET of a server that is asked to close the connection. Node's own client costs most of a poll's
 * CPU time: it builds streams, agents and lists of headers of which a poll needs nothing. Memory and time are bounded over
 * whatever the server sends.
 */
import { gunzipSync } from 'node:zlib'
import type { UiResponse } from '../core/spark/rest-api.ts'
import type { FailureCause } from '../core/verdict/witnesses.ts'

/** What the bytes up to now amount to. */
export type ResponseStep =
  | { readonly kind: 'incomplete' }
  /** `isTruncated`: the body is longer than was asked for, or came in too many pieces. Only its start was kept. */
  | { readonly kind: 'response'; readonly response: UiResponse; readonly isTruncated: boolean }
  | { readonly kind: 'failed'; readonly cause: FailureCause; readonly detail: string }

export interface ResponseReader {
  add(piece: Buffer): ResponseStep
  /** The connection has ended. */
  end(): ResponseStep
  /** Whether nothing but line breaks has come. A hung UI sends nothing; a server of another protocol may wait after them. */
  hasOnlyBreaks(): boolean
}

/** As much as Node's client was given for a head: filters of users may set long cookies. */
const maxHeadBytes = 65_536
/**
 * A body of one byte per piece would need a thousand times its size if its pieces were kept, so all are copied. Servers send
 * pieces of some kilobytes; the bound also limits the time that such a body takes.
 */
const maxPieces = 4_096

/** Node's client skips line breaks before a status. A server that sends nothing else does not speak HTTP. */
const maxLeadingBreakBytes = 16

const noBytes: Buffer = Buffer.alloc(0)
const startOfHead = Buffer.from('HTTP/1.')
const endOfHead = Buffer.from('\r\n\r\n')
const lineBreak = Buffer.from('\r\n')
const [carriageReturn, lineFeed] = [0x0d, 0x0a]

const incomplete: ResponseStep = { kind: 'incomplete' }
const malformed = (detail: string): ResponseStep => ({ kind: 'failed', cause: 'malformed', detail })

interface Head {
  readonly statusCode: number
  readonly location: string | undefined
  readonly isChunked: boolean
  /** Null if the body ends with the connection. */
  readonly contentLength: number | null
  readonly isZipped: boolean
}

/** See UiRequest. */
export interface BodyBounds {
  readonly maxBodyBytes: number
  readonly onlyWhole?: boolean
}

/** The body is read only if the status is 200. */
export function createResponseReader(bounds: BodyBounds): ResponseReader {
  const { maxBodyBytes } = bounds
  let unread: Buffer = noBytes
  let current: { readonly head: Head; readonly body: BodyReader } | null = null
  let pieces = 0
  let leadingBreakBytes = 0
  /** How many of the unread bytes have no bare line break, so that each byte is looked at once. */
  let checkedBytes = 0

  function skipLeadingBreaks(): void {
    let at = 0
    while (isBreakByte(unread[at]) && leadingBreakBytes < maxLeadingBreakBytes) {
      at += 1
      leadingBreakBytes += 1
    }
    unread = unread.subarray(at)
  }

  /** Where the line breaks that end the head begin. */
  function findEndOfHead(): number | ResponseStep {
    if (checkedBytes === 0) skipLeadingBreaks()
    const end = unread.indexOf(endOfHead)
    const knownBytes = end === -1 ? unread.length : end + endOfHead.length
    if (hasBareBreak(unread, checkedBytes, knownBytes)) return malformed('a line of the answer is not HTTP')
    checkedBytes = knownBytes
    return end === -1 ? describeOpenHead(unread, pieces) : end
  }

  /** Reads the head, and those of informational responses before it. Null once it is read. */
  function readHead(): ResponseStep | null {
    for (;;) {
      const end = findEndOfHead()
      if (typeof end !== 'number') return end
      const head = parseHead(unread.toString('latin1', 0, end))
      if (head === null) return malformed('the answer is not HTTP')
      unread = unread.subarray(end + endOfHead.length)
      checkedBytes = 0
      if (head.statusCode < 200) continue
      current = { head, body: createBodyReader(head, maxBodyBytes) }
      return null
    }
  }

  function readBody(body: BodyReader, head: Head): ResponseStep {
    const { taken, state } = body.add(unread)
    unread = unread.subarray(taken)
    if (state === 'malformed') return malformed('a chunk of the answer is not HTTP')
    if (state === 'open' && pieces < maxPieces) return incomplete
    return toResponse(head, body.content(), state !== 'whole', maxBodyBytes)
  }

  return {
    add(piece) {
      pieces += 1
      unread = unread.length === 0 ? piece : Buffer.concat([unread, piece])
      const step = current === null ? readHead() : null
      if (step !== null || current === null) return step ?? incomplete
      const { head } = current
      return skipBody(head, bounds) ?? readBody(current.body, head)
    },
    end() {
      // Its length is that of the connection if nothing else says it.
      const isWhole = current !== null && !current.head.isChunked && current.head.contentLength === null
      if (isWhole && current !== null) return toResponse(current.head, current.body.content(), false, maxBodyBytes)
      return { kind: 'failed', cause: 'reset', detail: 'the connection ended before the answer' }
    },
    hasOnlyBreaks: () => leadingBreakBytes > 0 && unread.length === 0 && current === null,
  }
}

/** The response if its body is of no use; else null. */
function skipBody(head: Head, { maxBodyBytes, onlyWhole = false }: BodyBounds): ResponseStep | null {
  if (head.statusCode !== 200) return toResponse(head, noBytes, false)
  return onlyWhole && (head.contentLength ?? 0) > maxBodyBytes ? toResponse(head, noBytes, true) : null
}

/** A compressed body of which a part is missing says nothing. */
function toResponse(
  { statusCode, location, isZipped }: Head,
  content: Buffer,
  isTruncated: boolean,
  maxBodyBytes = 0,
): ResponseStep {
  if (!isZipped || content.length === 0) {
    return { kind: 'response', response: { statusCode, location, body: content.toString('utf8') }, isTruncated }
  }
  const text = isTruncated ? null : decompress(content, maxBodyBytes)
  return { kind: 'response', response: { statusCode, location, body: text ?? '' }, isTruncated: text === null }
}

/** A server of another protocol may wait for more, so that its first bytes must be enough. */
function describeOpenHead(bytes: Buffer, pieces: number): ResponseStep {
  const known = Math.min(bytes.length, startOfHead.length)
  if (bytes.compare(startOfHead, 0, known, 0, known) !== 0) return malformed('the answer is not HTTP')
  const lineEnd = bytes.indexOf(lineBreak)
  if (lineEnd !== -1 && parseStatus(bytes.toString('latin1', 0, lineEnd)) === null)
    return malformed('the status is not HTTP')
  const isTooLong = bytes.length > maxHeadBytes || pieces >= maxPieces
  return isTooLong ? malformed('the head of the answer is too long') : incomplete
}

const isBreakByte = (byte: number | undefined) => byte === carriageReturn || byte === lineFeed

/**
 * Whether a line break between these bytes is not that of HTTP. Such a head would never end, and the length in it would not
 * count, so that the wait for more of it would look like a hang. Node's client rejects it as well.
 */
function hasBareBreak(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) {
    const followsReturn = at > 0 && bytes[at - 1] === carriageReturn
    if (followsReturn !== (bytes[at] === lineFeed)) return true
  }
  return false
}

/** The status code; null if it is not the first line of a response. */
function parseStatus(line: string): number | null {
  const [, status] = /^HTTP\/1\.[01] ([1-9]\d\d)(?: |$)/.exec(line) ?? []
  return status === undefined ? null : Number(status)
}

/**
 * Null if it is not the head of a response. A line without a field is skipped, because a proxy or a filter may write what is not
 * HTTP beside fields that are, and the UI has answered.
 */
function parseHead(text: string): Head | null {
  const [statusLine = '', ...lines] = text.split('\r\n')
  const statusCode = parseStatus(statusLine)
  if (statusCode === null) return null
  const fields = new Map<string, string>()
  for (const line of lines) {
    const colon = line.indexOf(':')
    // A space before the name would make it a part of the line before.
    if (colon > 0) fields.set(line.slice(0, colon).trimEnd().toLowerCase(), line.slice(colon + 1).trim())
  }
  const length = fields.get('content-length')
  if (length !== undefined && !/^\d{1,15}$/.test(length)) return null
  return {
    statusCode,
    location: fields.get('location'),
    isChunked: /\bchunked$/i.test(fields.get('transfer-encoding') ?? ''),
    contentLength: length === undefined ? null : Number(length),
    isZipped: fields.get('content-encoding')?.toLowerCase() === 'gzip',
  }
}

/** `cut`: the body is longer than was asked for, or has too many chunks. */
type BodyState = 'open' | 'whole' | 'cut' | 'malformed'

interface BodyReader {
  /** Reads some of the bytes. What it leaves must be added again with the next ones. */
  add(bytes: Buffer): { readonly taken: number; readonly state: BodyState }
  content(): Buffer
}

function createBodyReader({ isChunked, contentLength }: Head, maxBytes: number): BodyReader {
  const store = createByteStore(maxBytes)
  if (isChunked) return { add: createChunkReader(store), content: store.content }
  let leftBytes = contentLength ?? Number.POSITIVE_INFINITY
  return {
    add(bytes) {
      const part = bytes.length > leftBytes ? bytes.subarray(0, leftBytes) : bytes
      leftBytes -= part.length
      if (!store.add(part)) return { taken: bytes.length, state: 'cut' }
      return { taken: bytes.length, state: leftBytes === 0 ? 'whole' : 'open' }
    },
    content: store.content,
  }
}

/** The longest line with the size of a chunk. It may have extensions, which nothing uses. */
const maxSizeLineBytes = 1_024

/** The size of the chunk after `at`, and where its bytes begin; `open`: its line is not whole yet. */
type ChunkStart = { readonly size: number; readonly at: number } | 'open' | 'malformed'

/** What a line with the size of a chunk may begin with. */
const openSizeLine = /^0*[0-9a-f]{0,8} *(?:;.*)?\r?$/i

/**
 * The break that ends the chunk before belongs to this line, so that both are read together. A line that cannot become one is
 * malformed before it ends: it might never do so.
 */
function readChunkStart(bytes: Buffer, at: number, isFirst: boolean): ChunkStart {
  const lineAt = isFirst ? at : at + lineBreak.length
  const knownBreak = bytes.subarray(at, lineAt)
  if (!lineBreak.subarray(0, knownBreak.length).equals(knownBreak)) return 'malformed'
  const lineEnd = bytes.indexOf(lineBreak, lineAt)
  const line = bytes.toString(
    'latin1',
    lineAt,
    Math.min(lineEnd === -1 ? bytes.length : lineEnd, lineAt + maxSizeLineBytes + 1),
  )
  if (line.length > maxSizeLineBytes) return 'malformed'
  if (lineEnd === -1) return openSizeLine.test(line) ? 'open' : 'malformed'
  const [, size] = /^0*([0-9a-f]{1,8}) *(?:;.*)?$/i.exec(line) ?? []
  return size === undefined ? 'malformed' : { size: Number.parseInt(size, 16), at: lineEnd + lineBreak.length }
}

/** Reads a body in chunks: each has a line with its size in hexadecimal digits, its bytes, and a line break. The last one is empty. */
function createChunkReader(store: ByteStore): BodyReader['add'] {
  let leftBytes = 0
  let chunks = 0
  return (bytes) => {
    let at = 0
    for (;;) {
      const part = bytes.subarray(at, at + leftBytes)
      at += part.length
      leftBytes -= part.length
      if (!store.add(part) || chunks >= maxPieces) return { taken: at, state: 'cut' }
      if (leftBytes > 0) return { taken: at, state: 'open' }
      const start = readChunkStart(bytes, at, chunks === 0)
      if (typeof start === 'string') return { taken: at, state: start }
      if (start.size === 0) return { taken: start.at, state: 'whole' }
      at = start.at
      leftBytes = start.size
      chunks += 1
    }
  }
}

interface ByteStore {
  /** Whether all bytes were kept. */
  add(bytes: Buffer): boolean
  content(): Buffer
}

/** Keeps at most `maxBytes`. Most bodies come in one piece, which is not copied. */
function createByteStore(maxBytes: number): ByteStore {
  let buffer = noBytes
  let length = 0
  return {
    add(bytes) {
      const end = Math.min(length + bytes.length, maxBytes)
      const isWhole = end - length === bytes.length
      if (length === 0) {
        buffer = bytes
      } else if (end > length) {
        buffer = growTo(buffer, end, maxBytes)
        bytes.copy(buffer, length, 0, end - length)
      }
      length = end
      return isWhole
    },
    content: () => buffer.subarray(0, length),
  }
}

/** A buffer with at least `bytes`, and the content of this one. It doubles, so that the copies stay few. */
function growTo(buffer: Buffer, bytes: number, maxBytes: number): Buffer {
  if (bytes <= buffer.length) return buffer
  const larger = Buffer.allocUnsafe(Math.min(maxBytes, Math.max(bytes, 2 * buffer.length)))
  buffer.copy(larger)
  return larger
}

/** Null if the body is damaged, or longer than `maxBytes` once it is decompressed: no more than that is ever in memory. */
function decompress(body: Buffer, maxBytes: number): string | null {
  try {
    return gunzipSync(body, { maxOutputLength: maxBytes }).toString('utf8')
  } catch {
    return null
  }
}
