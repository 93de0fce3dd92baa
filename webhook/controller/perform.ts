import { rescuedAnnotation, sidecarContainerName } from '../../core/pod-contract.ts'
import { sparkApplicationApis } from '../../core/spark-application.ts'
import type { ApplicationReference } from '../admission/application-reference.ts'
import { type ApiAnswer, type ApiRequest, answerDetail, isOfTheApi, type KubernetesApi } from '../kubernetes/api.ts'
import type { KnownApplication } from '../kubernetes/spark-applications.ts'
import { type EventSubject, eventObject, type ToldEvent } from './event.ts'
import type { DriverObservation } from './observation.ts'
import { rescueText } from './observe-sidecar.ts'
import { podPath } from './pod-path.ts'

/** What became of an effect. `outdated`: the object is not any more what was decided on; look again. */
export type Performed =
  | { readonly kind: 'done' }
  | { readonly kind: 'outdated' }
  | {
      readonly kind: 'failed'
      readonly detail: string
      readonly retryAfterMs: number
      /** It may be done all the same. */
      readonly unanswered?: boolean
      /** It may not be done, and trying again will not help. */
      readonly refused?: boolean
    }

/** Of two effects that belong together, the one that needs more of another try: a failure, the longest asked for. */
export function worseOf(a: Performed, b: Performed): Performed {
  if (a.kind === 'failed' && b.kind === 'failed') return b.retryAfterMs > a.retryAfterMs ? b : a
  return rank[b.kind] > rank[a.kind] ? b : a
}

const rank = { done: 0, outdated: 1, failed: 2 } as const satisfies Record<Performed['kind'], number>

export interface Performer {
  /** Told twice is told once. */
  tell(subject: EventSubject, event: ToldEvent): Promise<Performed>
  /** Puts `image` in the place of the sidecar's, of this very pod as it is known, and writes the reason down. */
  replaceSidecarImage(driver: DriverObservation, image: string, reason: string): Promise<Performed>
  /** Deletes this very pod, as it is known, with its own grace period. */
  deletePod(pod: DeletedPod): Promise<Performed>
  /** Writes an annotation of a SparkApplication as it is known; null removes it. */
  annotateApplication(
    reference: ApplicationReference,
    known: Pick<KnownApplication, 'uid' | 'resourceVersion'>,
    annotations: Readonly<Record<string, string | null>>,
  ): Promise<Performed>
}

export type DeletedPod = Pick<DriverObservation, 'namespace' | 'name' | 'uid' | 'resourceVersion'>

export interface PerformerEdges {
  readonly api: KubernetesApi
  readonly reporter: string
  nowMs(): number
  /** Asked right before each request: whoever leads no longer does nothing. */
  mayAct(): boolean
}

/** Shorter than what is left of a lease when its holder steps down: no action of ours may come after the next leader's. */
const deadlineMs = 4_000

export function performer({ api, reporter, nowMs, mayAct }: PerformerEdges): Performer {
  const send = async (request: Omit<ApiRequest, 'deadlineMs'>, fine: readonly number[] = []): Promise<Performed> => {
    if (!mayAct()) return { kind: 'failed', detail: 'it leads no longer', retryAfterMs: 0 }
    return performed(await api.request({ ...request, deadlineMs }), fine)
  }
  return {
    // 404: the namespace is gone or going (403 with cause NamespaceTerminating), and so is who would read it.
    tell: (subject, event) =>
      send(
        {
          method: 'POST',
          path: `/api/v1/namespaces/${encodeURIComponent(subject.namespace)}/events`,
          body: eventObject(subject, event, reporter, nowMs()),
        },
        [409, 404],
      ),
    replaceSidecarImage: (driver, image, reason) => {
      const { uid, resourceVersion, sidecar } = driver
      const annotations = { [rescuedAnnotation]: rescueText(nowMs(), sidecar?.image ?? '', reason) }
      return send({
        method: 'PATCH',
        path: `${podPath(driver)}?fieldManager=spark-nanny`,
        contentType: 'application/strategic-merge-patch+json',
        body: {
          metadata: { uid, resourceVersion, annotations },
          spec: { initContainers: [{ name: sidecarContainerName, image }] },
        },
      })
    },
    deletePod: (pod) => {
      const { uid, resourceVersion } = pod
      return send({
        method: 'DELETE',
        path: podPath(pod),
        body: { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid, resourceVersion } },
      })
    },
    annotateApplication: (reference, { uid, resourceVersion }, annotations) =>
      send({
        method: 'PATCH',
        path: `${applicationPath(reference)}?fieldManager=spark-nanny`,
        contentType: 'application/merge-patch+json',
        body: { metadata: { uid, resourceVersion, annotations } },
      }),
  }
}

/** The path of a SparkApplication in the API. */
export function applicationPath({ operator, namespace, name }: ApplicationReference): string {
  const { group, version } = sparkApplicationApis.find((row) => row.operator === operator) ?? sparkApplicationApis[0]
  return `/apis/${group}/${version}/namespaces/${encodeURIComponent(namespace)}/sparkapplications/${encodeURIComponent(name)}`
}

function performed(answer: ApiAnswer, fine: readonly number[]): Performed {
  if (answer.kind === 'answer') {
    const { status, retryAfterMs = 0 } = answer
    // A proxy on the way may say anything.
    if (!isOfTheApi(answer)) return { kind: 'failed', detail: answerDetail(answer), retryAfterMs, unanswered: true }
    if ((status >= 200 && status < 300) || fine.includes(status)) return { kind: 'done' }
    if (status === 404 || status === 409) return { kind: 'outdated' }
    const failure = { kind: 'failed', detail: answerDetail(answer), retryAfterMs } as const
    if (status >= 500) return { ...failure, unanswered: true }
    return status === 429 ? failure : { ...failure, refused: true }
  }
  return { kind: 'failed', detail: answer.detail, retryAfterMs: 0, unanswered: true }
}
