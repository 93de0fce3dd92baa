import { sidecarPort } from '../../core/contract/pod-contract.ts'
import { isRecord } from '../../core/json.ts'
import { describeResponse } from '../../kubernetes/api.ts'
import { type ClusterReader, namespacedPath } from '../cluster/cluster-reader.ts'
import type { DriverPod } from '../evidence/driver-pod.ts'
import { absent, type Reading } from '../evidence/evidence.ts'
import { textField } from '../evidence/fields.ts'

/** The UI of a hung driver accepts a connection but may never respond. */
const uiDeadlineMs = 10_000

/** Path through the API server's proxy. The caller needs permission for `pods/proxy`. */
export const proxyPath = ({ namespace, name }: DriverPod, port: number, path: string) =>
  `${namespacedPath(namespace, 'pods', `${name}:${port}`)}/proxy${path}`

/** Reads the sidecar's report about the driver. Absent if the pod has no sidecar. */
export async function collectSidecar(asking: ClusterReader, pod: DriverPod): Promise<Reading<unknown>> {
  if (!pod.hasSidecar || pod.phase !== 'Running') return absent
  return asking.get(proxyPath(pod, sidecarPort, '/status'), 'the sidecar', uiDeadlineMs)
}

export interface UiReadings {
  readonly threads: Reading<unknown>
  readonly executors: Reading<unknown>
}

/** Reads threads and executors from the Spark UI. Absent if its port is closed, unknown if the UI does not respond. */
export async function collectUi(asking: ClusterReader, pod: DriverPod, port: number): Promise<UiReadings> {
  if (pod.driver.state.kind !== 'running') return { threads: absent, executors: absent }
  const source = `the Spark UI, port ${port}`
  const answer = await asking.ask(proxyPath(pod, port, '/api/v1/applications'), uiDeadlineMs)
  if (answer.kind === 'failed' || answer.status !== 200) {
    const why = describeResponse(answer)
    const closed = answer.kind === 'response' && (answer.status === 404 || /connection refused/.test(why))
    const reading: Reading<never> = closed ? absent : { kind: 'unknown', source, why }
    return { threads: reading, executors: reading }
  }
  const id = Array.isArray(answer.body) && isRecord(answer.body[0]) ? textField(answer.body[0], 'id') : null
  // While the driver starts, the UI responds with an HTML page instead of JSON.
  if (id === null) return { threads: absent, executors: absent }
  const application = `/api/v1/applications/${encodeURIComponent(id)}`
  const [threads, executors] = await Promise.all([
    asking.get(proxyPath(pod, port, `${application}/executors/driver/threads`), source, uiDeadlineMs),
    asking.get(proxyPath(pod, port, `${application}/executors`), source, uiDeadlineMs),
  ])
  return { threads, executors }
}
