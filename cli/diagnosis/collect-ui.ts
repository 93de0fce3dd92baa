import { sidecarPort } from '../../core/contract/pod-contract.ts'
import { isRecord } from '../../core/json.ts'
import { describeResponse } from '../../kubernetes/api.ts'
import { type ClusterReader, namespacedPath } from '../cluster/cluster-reader.ts'
import type { DriverPod } from '../evidence/driver-pod.ts'
import { absent, type Reading } from '../evidence/evidence.ts'
import { textField } from '../evidence/fields.ts'

/** A hung driver's UI lets a connection wait for ever. */
const uiDeadlineMs = 10_000

/** Through the API server, which must be allowed to the caller: `pods/proxy`. */
export const proxyPath = ({ namespace, name }: DriverPod, port: number, path: string) =>
  `${namespacedPath(namespace, 'pods', `${name}:${port}`)}/proxy${path}`

/** What the sidecar says of the driver; absent where there is no sidecar. */
export async function collectSidecar(asking: ClusterReader, pod: DriverPod): Promise<Reading<unknown>> {
  if (!pod.hasSidecar || pod.phase !== 'Running') return absent
  return asking.get(proxyPath(pod, sidecarPort, '/status'), 'the sidecar', uiDeadlineMs)
}

export interface UiAnswers {
  readonly threads: Reading<unknown>
  readonly executors: Reading<unknown>
}

/** Threads and executors by the Spark UI. A UI that is not open is absent, one that does not answer unknown. */
export async function collectUi(asking: ClusterReader, pod: DriverPod, port: number): Promise<UiAnswers> {
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
  // While it starts the UI answers with a page.
  if (id === null) return { threads: absent, executors: absent }
  const application = `/api/v1/applications/${encodeURIComponent(id)}`
  const [threads, executors] = await Promise.all([
    asking.get(proxyPath(pod, port, `${application}/executors/driver/threads`), source, uiDeadlineMs),
    asking.get(proxyPath(pod, port, `${application}/executors`), source, uiDeadlineMs),
  ])
  return { threads, executors }
}
