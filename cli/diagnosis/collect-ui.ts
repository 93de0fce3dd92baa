import { blackBoxNumbers, sidecarPort } from '../../core/contract/pod-contract.ts'
import { parseSidecarStatus } from '../../core/contract/sidecar-status.ts'
import { isRecord, textField } from '../../core/json.ts'
import { describeResponse } from '../../kubernetes/api.ts'
import { type ClusterReader, namespacedPath } from '../cluster/cluster-reader.ts'
import type { DriverPod } from '../evidence/driver-pod.ts'
import { absent, type EvidenceReading } from '../evidence/evidence.ts'

/** The UI of a hung driver accepts a connection but may never respond. */
const uiDeadlineMs = 10_000

/** Path through the API server's proxy. The caller needs permission for `pods/proxy`. */
export const proxyPath = ({ namespace, name }: DriverPod, port: number, path: string) =>
  `${namespacedPath(namespace, 'pods', `${name}:${port}`)}/proxy${path}`

/** Reads the report of a running sidecar about the driver. */
export function collectSidecar(reader: ClusterReader, pod: DriverPod): Promise<EvidenceReading<unknown>> {
  return reader.get(proxyPath(pod, sidecarPort, '/status'), 'the sidecar', uiDeadlineMs)
}

/**
 * Reads the black boxes that the report of the sidecar lists, the latest first, as a list. One that cannot be read is left
 * out: an earlier sidecar has none.
 */
export async function collectBlackBoxes(
  reader: ClusterReader,
  pod: DriverPod,
  report: EvidenceReading<unknown>,
): Promise<EvidenceReading<unknown>> {
  const { blackBoxes = [] } = (report.kind === 'read' ? parseSidecarStatus(report.value) : undefined) ?? {}
  const boxes: unknown[] = []
  for (const { number } of blackBoxes.slice(0, blackBoxNumbers.length)) {
    const box = await reader.get(proxyPath(pod, sidecarPort, `/blackbox/${number}`), 'the sidecar', uiDeadlineMs)
    if (box.kind === 'read') boxes.push(box.value)
  }
  return boxes.length === 0 ? absent : { kind: 'read', value: boxes, source: 'the sidecar' }
}

export interface UiReadings {
  readonly threads: EvidenceReading<unknown>
  readonly executors: EvidenceReading<unknown>
}

/** Reads threads and executors from the Spark UI of a running driver. Absent if its port is closed, unknown if the UI does not respond. */
export async function collectUi(reader: ClusterReader, pod: DriverPod, port: number): Promise<UiReadings> {
  const source = `the Spark UI, port ${port}`
  const response = await reader.ask(proxyPath(pod, port, '/api/v1/applications'), uiDeadlineMs)
  if (response.kind === 'failed' || response.status !== 200) {
    const why = describeResponse(response)
    const closed = response.kind === 'response' && (response.status === 404 || /connection refused/.test(why))
    const reading: EvidenceReading<never> = closed ? absent : { kind: 'unreadable', source, why }
    return { threads: reading, executors: reading }
  }
  const id = Array.isArray(response.body) && isRecord(response.body[0]) ? textField(response.body[0], 'id') : null
  // While the driver starts, the UI responds with an HTML page instead of JSON.
  if (id === null) return { threads: absent, executors: absent }
  const application = `/api/v1/applications/${encodeURIComponent(id)}`
  const [threads, executors] = await Promise.all([
    reader.get(proxyPath(pod, port, `${application}/executors/driver/threads`), source, uiDeadlineMs),
    reader.get(proxyPath(pod, port, `${application}/executors`), source, uiDeadlineMs),
  ])
  return { threads, executors }
}
