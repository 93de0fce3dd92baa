import { driverContainerIndex, type Pod } from '../../core/pod.ts'
import { applicationIdSuffixEnv, nextApplicationIdSuffixAnnotation } from '../../core/pod-contract.ts'
import { parsePod } from '../admission/received-object.ts'
import { answerDetail, type KubernetesApi } from '../kubernetes/api.ts'
import { createReflector, type Reflector, type ReflectorEdges } from '../kubernetes/reflector.ts'

/** What is kept of a driver whose application id we number. */
export interface NumberedDriver {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  /** Of the driver's container, while it runs; null when it does not. */
  readonly runningRestarts: number | null
  readonly suffix: string | undefined
}

/** The driver of a pod whose args refer to the suffix; undefined for any other pod. */
export function keepNumberedDriver(object: unknown): NumberedDriver | undefined {
  const pod = parsePod(object)
  const container = pod === undefined ? undefined : pod.spec.containers[driverContainerIndex(pod.spec) ?? -1]
  if (pod === undefined || !container?.env?.some(({ name }) => name === applicationIdSuffixEnv)) return undefined
  const { namespace = '', name = '', uid = '', annotations } = pod.metadata ?? {}
  return {
    namespace,
    name,
    uid,
    runningRestarts: runningRestarts(pod, container.name),
    suffix: annotations?.[nextApplicationIdSuffixAnnotation],
  }
}

/**
 * What the annotation must say: the driver that runs now is number restarts + 1, so the next one's id ends in
 * restarts + 2. Undefined: nothing to write.
 */
export function nextSuffix({ runningRestarts: restarts, suffix }: NumberedDriver): string | undefined {
  const wanted = restarts === null ? undefined : `-${restarts + 2}`
  return wanted === suffix ? undefined : wanted
}

/** Watches drivers and writes {@link nextSuffix} into each as it starts. A driver that runs on costs no API call. */
export function numberApplicationIds(edges: ReflectorEdges): Reflector<NumberedDriver> {
  const busy = new Set<string>()
  const reflector: Reflector<NumberedDriver> = createReflector(
    {
      path: '/api/v1/pods',
      labelSelector: 'spark-role=driver',
      keep: keepNumberedDriver,
      changed: (driver) => void write(driver),
    },
    edges,
  )
  /** Until the pod that is known says what it should: what it is by then counts, not what it was. */
  const write = async ({ namespace, name, uid }: NumberedDriver): Promise<void> => {
    if (busy.has(uid)) return
    busy.add(uid)
    for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
      const driver = reflector.objects.get(namespace, name)
      const suffix = driver?.uid === uid ? nextSuffix(driver) : undefined
      if (suffix === undefined) break
      const outcome = await annotate(edges.api, namespace, name, uid, suffix)
      const line = { event: 'next-application-id', namespace, name, suffix }
      if (outcome === undefined) {
        edges.log.info(line)
        break
      }
      edges.log.warn({ ...line, event: 'next-application-id-failed', detail: outcome })
      await edges.sleep(Math.min(30_000, 500 * 2 ** attempt) * (0.5 + edges.random() / 2), new AbortController().signal)
    }
    busy.delete(uid)
  }
  return reflector
}

/** About five minutes; the next event of the pod tries again. */
const maxAttempts = 15

/** Undefined when it was done; the uid keeps it from a pod of the same name that came after. */
async function annotate(api: KubernetesApi, namespace: string, name: string, uid: string, suffix: string) {
  const answer = await api.request({
    method: 'PATCH',
    path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}?fieldManager=spark-nanny`,
    contentType: 'application/merge-patch+json',
    body: { metadata: { uid, annotations: { [nextApplicationIdSuffixAnnotation]: suffix } } },
    deadlineMs: 10_000,
  })
  // Gone, or another pod by now: nothing left to do.
  const gone = answer.kind === 'answer' && (answer.status === 404 || answer.status === 409)
  return (answer.kind === 'answer' && answer.status === 200) || gone ? undefined : answerDetail(answer)
}

interface DriverStatus {
  readonly containerStatuses?: readonly {
    readonly name: string
    readonly restartCount: number
    readonly state?: { readonly running?: object }
  }[]
}

function runningRestarts(pod: Pod & { readonly status?: DriverStatus }, name: string): number | null {
  const status = pod.status?.containerStatuses?.find((item) => item.name === name)
  return status?.state?.running ? status.restartCount : null
}
