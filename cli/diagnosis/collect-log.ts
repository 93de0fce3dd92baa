import { describeResponse } from '../../kubernetes/api.ts'
import { type ClusterReader, namespacedPath } from '../cluster/cluster-reader.ts'
import { absent, type Reading } from '../evidence/evidence.ts'
import { type LogReading, LogScan } from '../log/scan.ts'
import type { Redactor } from '../redaction/redactor.ts'
import { logSignatures } from '../rules/catalogue.ts'
import { SavedLog } from './saved-log.ts'

export interface LogRequest {
  readonly namespace: string
  readonly pod: string
  readonly container: string
  readonly previous: boolean
  /** Whether the lines are wanted for a bundle. */
  readonly keep: boolean
}

export interface CollectedLog {
  readonly reading: Reading<LogReading>
  /** Null: it was not to be kept, or there is none. */
  readonly saved: SavedLog | null
}

/** More than a kubelet keeps of one container unless it is told to (containerLogMaxSize 10Mi, five files). */
const maxBytes = 1_073_741_824
/** The end is what matters of a log that could not be read whole. */
const tailLines = 5_000

/** Streams a log of a container through the rules. What cannot be had for good (it has not started) is absent. */
export async function collectLog(
  asking: ClusterReader,
  request: LogRequest,
  redactor: Redactor,
): Promise<CollectedLog> {
  const source = request.previous ? 'previous.log' : 'driver.log'
  const scan = new LogScan(logSignatures, redactor.text)
  const saved = request.keep ? new SavedLog(redactor.text) : null
  let bytesRead = 0
  let limit = maxBytes
  const take = (bytes: Uint8Array) => {
    scan.write(bytes)
    saved?.write(bytes)
    bytesRead += bytes.byteLength
    return bytesRead < limit
  }
  const answer = await asking.stream(logPath(request, ''), take)
  if (answer.kind === 'response' && answer.status === 200 && bytesRead < maxBytes) {
    return { reading: { kind: 'read', value: scan.end(), source }, saved }
  }
  if (bytesRead === 0) {
    // 204: no node has the pod yet. 400: the container waits to start, or had no run before.
    const none = answer.kind === 'response' && [204, 400, 404].includes(answer.status)
    return { reading: none ? absent : { kind: 'unknown', source, why: describeResponse(answer) }, saved: null }
  }
  const firstBytes = bytesRead
  const why = answer.kind === 'failed' ? answer.detail : `it is longer than ${maxBytes} bytes`
  limit = Number.POSITIVE_INFINITY
  take(new TextEncoder().encode('\n'))
  const end = await asking.stream(logPath(request, `&tailLines=${tailLines}`), take)
  const rest = end.kind === 'response' && end.status === 200 ? `, then its last ${tailLines} lines` : ''
  const cut = `only the first ${firstBytes} bytes were read${rest}: ${why}`
  return { reading: { kind: 'read', value: scan.end(cut), source }, saved }
}

function logPath({ namespace, pod, container, previous }: LogRequest, more: string): string {
  const query = `container=${encodeURIComponent(container)}${previous ? '&previous=true' : ''}${more}`
  return `${namespacedPath(namespace, 'pods', pod)}/log?${query}`
}
