import { createHash } from 'node:crypto'
import jsonPatch from 'fast-json-patch'
import { admit } from '../../../admission/admit.ts'
import { nextApplicationIdSuffixAnnotation } from '../../../core/contract/pod-contract.ts'
import { capableContext, captureRequest } from '../../support/admission-captures.ts'

/** One driver of the bench. */
export interface BenchDriver {
  readonly namespace: string
  readonly name: string
  readonly applicationId: string
  readonly node: string
  /** Its SparkApplication; null for plain spark-submit. */
  readonly owner: { readonly name: string; readonly uid: string } | null
}

export const sidecarImage = 'registry.invalid/spark-nanny-sidecar:1'
export const namespaceOf = (index: number, namespaces: number) => `team-${index % namespaces}`

const captures = { owned: 'driver-pod.spark-operator', plain: 'driver-pod.spark-submit' } as const
type Kind = keyof typeof captures

/** The real drivers of test/data as the webhook of `version` injects them, without what an API server adds by itself. */
export function driverPods(version: string): (driver: BenchDriver) => object {
  const templates = { owned: templateOf('owned', version), plain: templateOf('plain', version) }
  return (driver) => {
    const { text, name, applicationId } = templates[driver.owner === null ? 'plain' : 'owned']
    const pod = JSON.parse(text.replaceAll(name, driver.name).replaceAll(applicationId, driver.applicationId))
    const { labels, annotations, ownerReferences } = pod.metadata
    const owners = driver.owner === null ? undefined : [{ ...ownerReferences[0], ...driver.owner }]
    return {
      ...pod,
      metadata: {
        name: driver.name,
        namespace: driver.namespace,
        labels: driver.owner === null ? labels : { ...labels, 'sparkoperator.k8s.io/app-name': driver.owner.name },
        // As the webhook process writes it when the driver starts.
        annotations: { ...annotations, [nextApplicationIdSuffixAnnotation]: '-2' },
        ...(owners && { ownerReferences: owners }),
      },
      // There is no scheduler here.
      spec: { ...pod.spec, nodeName: driver.node },
    }
  }
}

function templateOf(kind: Kind, version: string) {
  const request = captureRequest(captures[kind])
  const sidecar = { image: sidecarImage, imagePullPolicy: 'IfNotPresent' } as const
  const { decision } = admit(request, { ...capableContext, version, sidecar })
  if (decision.kind !== 'inject') throw new Error(`${captures[kind]}: ${decision.reason}`)
  const injected = jsonPatch.applyPatch(
    request.object,
    structuredClone([...decision.operations]),
    true,
    false,
  ).newDocument
  const { name, labels } = (injected as { metadata: { name: string; labels: Record<string, string> } }).metadata
  const { uid: _uid, status: _status, ...pod } = injected as Record<string, unknown>
  return { text: JSON.stringify(pod), name, applicationId: labels['spark-app-selector'] ?? '' }
}

export function sparkApplication(namespace: string, name: string): object {
  return {
    apiVersion: 'sparkoperator.k8s.io/v1beta2',
    kind: 'SparkApplication',
    metadata: { namespace, name, annotations: { 'spark-nanny.io/startup-deadline': '15m' } },
    spec: {
      type: 'Scala',
      mode: 'cluster',
      image: 'localhost/spark:1',
      mainClass: 'org.example.Main',
      mainApplicationFile: 'local:///opt/app.jar',
      sparkVersion: '4.0.1',
      restartPolicy: { type: 'Always' },
      sparkConf: { 'spark.executor.memory': '1g', 'spark.eventLog.enabled': 'true' },
      driver: { cores: 1, memory: '512m' },
      executor: { cores: 1, instances: 2, memory: '1g' },
    },
  }
}

export const applicationIdOf = (name: string) => `spark-${createHash('md5').update(name).digest('hex')}`

/** The status after the sidecar exited with 88 at `finishedMs` and the kubelet has not acted. The driver still runs. */
export function hungStatus(finishedMs: number): object {
  const iso = (ms: number) => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')
  const exit = { exitCode: 88, reason: 'Error', message: 'hung since 30 s: 3 polls timed out' }
  const terminated = { ...exit, startedAt: iso(finishedMs - 3_600_000), finishedAt: iso(finishedMs) }
  return {
    containerStatuses: [
      { name: 'spark-kubernetes-driver', state: { running: { startedAt: iso(finishedMs - 3_600_000) } } },
    ],
    initContainerStatuses: [{ name: 'spark-nanny', state: { running: null, terminated } }],
  }
}

/** The healthy status: the sidecar runs, and the driver is Ready. */
export const healthyStatus = (): object => ({
  ...readinessStatus(true),
  initContainerStatuses: [
    { name: 'spark-nanny', state: { terminated: null, running: { startedAt: new Date().toISOString() } } },
  ],
})

export const readinessStatus = (ready: boolean): object => ({
  conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: new Date().toISOString() }],
})
