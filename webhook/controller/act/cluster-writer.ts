import { formatApplicationPath } from '../../../cluster/application-path.ts'
import type { KnownApplication } from '../../../cluster/spark-applications.ts'
import { bypassedAnnotation, sidecarContainerName } from '../../../core/contract/pod-contract.ts'
import type { ApplicationReference } from '../../../core/spark/application-reference.ts'
import type { ApiRequest, KubernetesApi } from '../../../kubernetes/api.ts'
import { buildEvent, type EventContent, type InvolvedObject } from '../../../kubernetes/event.ts'
import { podPath } from '../../../kubernetes/paths.ts'
import { toWriteResult, type WriteResult } from '../../../kubernetes/write-result.ts'
import type { Driver } from '../driver/driver.ts'
import { formatBypass } from '../driver/parse-sidecar.ts'

export interface ClusterWriter {
  /** Idempotent: publishing the same Event again succeeds without a second Event. */
  publishEvent(subject: InvolvedObject, event: EventContent): Promise<WriteResult>
  /** Replaces the image of the sidecar and records the reason. Conflicts if the pod has changed. */
  replaceSidecarImage(driver: Driver, image: string, reason: string): Promise<WriteResult>
  /** Deletes a pod with its own grace period. Conflicts if the pod has changed. */
  deletePod(pod: PodVersion): Promise<WriteResult>
  /** Sets annotations of a SparkApplication; null removes one. Conflicts if the SparkApplication has changed. */
  annotateApplication(
    reference: ApplicationReference,
    known: Pick<KnownApplication, 'uid' | 'resourceVersion'>,
    annotations: Readonly<Record<string, string | null>>,
  ): Promise<WriteResult>
}

export type PodVersion = Pick<Driver, 'namespace' | 'name' | 'uid' | 'resourceVersion'>

export interface ClusterWriterDeps {
  readonly api: KubernetesApi
  readonly reporter: string
  nowMs(): number
  /** Whether this process leads. Checked right before each request. */
  mayAct(): boolean
}

/** Shorter than the rest of a lease when its holder steps down, so that no request arrives after the next leader's. */
const deadlineMs = 4_000

export function createClusterWriter({ api, reporter, nowMs, mayAct }: ClusterWriterDeps): ClusterWriter {
  const send = async (
    request: Omit<ApiRequest, 'deadlineMs'>,
    acceptedStatuses: readonly number[] = [],
  ): Promise<WriteResult> => {
    if (!mayAct()) return { kind: 'failed', detail: 'this process no longer leads', retryAfterMs: 0 }
    return toWriteResult(await api.request({ ...request, deadlineMs }), acceptedStatuses)
  }
  return {
    // 404 and 403 with cause NamespaceTerminating: the namespace is being deleted, and its Events with it.
    publishEvent: (subject, event) =>
      send(
        {
          method: 'POST',
          path: `/api/v1/namespaces/${encodeURIComponent(subject.namespace)}/events`,
          body: buildEvent(subject, event, reporter, nowMs()),
        },
        [409, 404],
      ),
    replaceSidecarImage: (driver, image, reason) => {
      const { uid, resourceVersion, sidecar } = driver
      const annotations = { [bypassedAnnotation]: formatBypass(nowMs(), sidecar?.image ?? '', reason) }
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
        path: `${formatApplicationPath(reference)}?fieldManager=spark-nanny`,
        contentType: 'application/merge-patch+json',
        body: { metadata: { uid, resourceVersion, annotations } },
      }),
  }
}
