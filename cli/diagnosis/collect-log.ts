import { describeResponse } from '../../kubernetes/api.ts'
import { type ClusterReader, namespacedPath } from '../cluster/cluster-reader.ts'
import { absent, type EvidenceReading } from '../evidence/evidence.ts'
import { type LogReading, LogScan } from '../log/scan.ts'
import type { Redactor } from '../redaction/redactor.ts'
import { logMatchers } from '../rules/catalogue.ts'
import { toLogEvidence } from './log-evidence.ts'
import { SavedLog } from './saved-log.ts'

export interface LogRequest {
  readonly namespace: string
  readonly pod: string
  readonly container: string
  readonly previous: boolean
  /** Whether to keep the lines for a bundle. */
  readonly keep: boolean
}

export interface CollectedLog {
  readonly reading: EvidenceReading<LogReading>
  /** Null if the log does not exist or `keep` was false. */
  readonly saved: SavedLog | null
}

/** More than a kubelet keeps for one container by default (containerLogMaxSize 10Mi, five files). */
const maxBytes = 1_073_741_824
/** Number of lines read from the end of a log that is too long. The end matters most. */
const tailLines = 5_000

/** Streams a container's log through the rules. The reading is absent if the container has no log, for example before its start. */
export async function collectLog(
  reader: ClusterReader,
  request: LogRequest,
  redactor: Redactor,
): Promise<CollectedLog> {
  const source = request.previous ? 'previous.log' : 'driver.log'
  const scan = new LogScan(logMatchers, redactor.text)
  const saved = request.keep ? new SavedLog(redactor.text) : null
  let bytesRead = 0
  let limit = maxBytes
  const take = (bytes: Uint8Array) => {
    scan.write(bytes)
    saved?.write(bytes)
    bytesRead += bytes.byteLength
    return bytesRead < limit
  }
  const response = await reader.stream(logPath(request, ''), take)
  if (response.kind === 'response' && response.status === 200 && bytesRead < maxBytes) {
    return { reading: toLogEvidence(scan.end(), source), saved }
  }
  if (bytesRead === 0) {
    // 204: the pod is not assigned to a node yet. 400: the container waits to start, or has no previous run.
    const none = response.kind === 'response' && [204, 400, 404].includes(response.status)
    return { reading: none ? absent : { kind: 'unreadable', source, why: describeResponse(response) }, saved: null }
  }
  const firstBytes = bytesRead
  const why = response.kind === 'failed' ? response.detail : `log exceeds ${maxBytes} bytes`
  limit = Number.POSITIVE_INFINITY
  take(new TextEncoder().encode('\n'))
  const end = await reader.stream(logPath(request, `&tailLines=${tailLines}`), take)
  const rest = end.kind === 'response' && end.status === 200 ? ` and the last ${tailLines} lines` : ''
  const cut = `read only the first ${firstBytes} bytes${rest}: ${why}`
  return { reading: toLogEvidence(scan.end(cut), source), saved }
}

function logPath({ namespace, pod, container, previous }: LogRequest, more: string): string {
  const query = `container=${encodeURIComponent(container)}${previous ? '&previous=true' : ''}${more}`
  return `${namespacedPath(namespace, 'pods', pod)}/log?${query}`
}
