import { isRecord, toRecord, toRecords, toStringOrEmpty } from '../../../core/json.ts'
import { type LabelSelector, parseLabelSelector } from './label-selector.ts'

/** The parts of the webhook's Deployment that the checks use. */
export interface WebhookDeployment {
  readonly namespace: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly podLabels: Readonly<Record<string, string>>
  readonly serviceAccount: string
  readonly image: string
  /** Environment variables with literal values. Variables with `valueFrom` are omitted. */
  readonly env: Readonly<Record<string, string>>
  /** The Secret of the serving certificate. Null if the Deployment does not show its name. */
  readonly secret: string | null
  readonly wanted: number
  readonly updated: number
  readonly ready: number
  /** Whether the status belongs to the current generation of the spec. */
  readonly observed: boolean
  /** The message of the condition Available if it is not True. */
  readonly unavailable: string | null
}

/** One entry per Helm release. The chart splits the replicas across two Deployments, which count as one installation. */
export function groupByRelease(deployments: readonly WebhookDeployment[]): readonly WebhookDeployment[] {
  const formatReleaseKey = ({ namespace, name, podLabels }: WebhookDeployment) =>
    `${namespace}/${podLabels['app.kubernetes.io/instance'] ?? name}`
  return [...Map.groupBy(deployments, formatReleaseKey).values()].flatMap((halves) =>
    halves.slice(0, 1).map(mergeInto(halves)),
  )
}

const mergeInto =
  (halves: readonly WebhookDeployment[]) =>
  (first: WebhookDeployment): WebhookDeployment => {
    const sum = (key: 'wanted' | 'updated' | 'ready') => halves.reduce((total, half) => total + half[key], 0)
    return {
      ...first,
      name: halves.map(({ name }) => name).join(' and '),
      wanted: sum('wanted'),
      updated: sum('updated'),
      ready: sum('ready'),
      observed: halves.every(({ observed }) => observed),
      // One available Deployment is enough to inject every driver.
      unavailable: halves.some(({ unavailable }) => unavailable === null) ? null : first.unavailable,
    }
  }

export interface WebhookPod {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly node: string
  readonly image: string
  readonly ready: boolean
  readonly terminating: boolean
  /** Why a container has not started, such as `ImagePullBackOff: …`. Null if no container is waiting. */
  readonly waiting: string | null
}

export interface WebhookConfiguration {
  readonly name: string
  readonly webhooks: readonly {
    readonly name: string
    readonly failurePolicy: string
    readonly namespaceSelector: LabelSelector
    /** Decoded PEM text. Empty if caBundle is not set. */
    readonly caBundlePem: string
    /** Null if the webhook is called by URL. */
    readonly service: { readonly namespace: string; readonly name: string } | null
  }[]
}

const number = (value: unknown): number => (typeof value === 'number' ? value : 0)

export function parseLabels(value: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(toRecord(value)).map(([key, label]) => [key, String(label)]))
}

export function parseDeployment(object: unknown): WebhookDeployment {
  const { metadata, spec, status } = toRecord(object)
  const { namespace, name, labels, generation } = toRecord(metadata)
  const template = toRecord(toRecord(spec).template)
  const podSpec = toRecord(template.spec)
  const containers = toRecords(podSpec.containers)
  const container = containers.find((one) => one.name === 'webhook') ?? containers[0] ?? {}
  const env = Object.fromEntries(
    toRecords(container.env).flatMap((one) =>
      typeof one.value === 'string' ? [[toStringOrEmpty(one.name), one.value]] : [],
    ),
  )
  const { updatedReplicas, readyReplicas, observedGeneration, conditions } = toRecord(status)
  const available = toRecords(conditions).find(({ type }) => type === 'Available')
  return {
    namespace: toStringOrEmpty(namespace),
    name: toStringOrEmpty(name),
    labels: parseLabels(labels),
    podLabels: parseLabels(toRecord(template.metadata).labels),
    serviceAccount: toStringOrEmpty(podSpec.serviceAccountName) || 'default',
    image: toStringOrEmpty(container.image),
    env,
    secret: env.SPARK_NANNY_CERTIFICATE_SECRET ?? mountedSecret(podSpec, container, env.SPARK_NANNY_TLS_CERT_FILE),
    wanted: typeof toRecord(spec).replicas === 'number' ? number(toRecord(spec).replicas) : 1,
    updated: number(updatedReplicas),
    ready: number(readyReplicas),
    observed: number(observedGeneration) >= number(generation),
    unavailable:
      available?.status === 'True' ? null : toStringOrEmpty(available?.message) || 'the condition Available is missing',
  }
}

function mountedSecret(podSpec: Record<string, unknown>, container: Record<string, unknown>, file = ''): string | null {
  const mount = toRecords(container.volumeMounts).find(
    ({ mountPath }) => toStringOrEmpty(mountPath) !== '' && file.startsWith(`${mountPath}/`),
  )
  const volume = toRecords(podSpec.volumes).find(({ name }) => mount !== undefined && name === mount.name)
  return toStringOrEmpty(toRecord(volume?.secret).secretName) || null
}

export function parseWebhookPod(object: unknown): WebhookPod {
  const { metadata, spec, status } = toRecord(object)
  const { name, labels, deletionTimestamp } = toRecord(metadata)
  const [container = {}] = toRecords(toRecord(spec).containers)
  const { conditions, containerStatuses } = toRecord(status)
  const waiting = toRecords(containerStatuses)
    .map(({ state }) => toRecord(toRecord(state).waiting))
    .find(({ reason }) => toStringOrEmpty(reason) !== '')
  return {
    name: toStringOrEmpty(name),
    labels: parseLabels(labels),
    node: toStringOrEmpty(toRecord(spec).nodeName),
    image: toStringOrEmpty(container.image),
    ready: toRecords(conditions).some(({ type, status }) => type === 'Ready' && status === 'True'),
    terminating: deletionTimestamp !== undefined,
    waiting:
      waiting === undefined
        ? null
        : [toStringOrEmpty(waiting.reason), toStringOrEmpty(waiting.message)].filter(Boolean).join(': '),
  }
}

export function parseConfiguration(object: unknown): WebhookConfiguration {
  const { metadata, webhooks } = toRecord(object)
  return {
    name: toStringOrEmpty(toRecord(metadata).name),
    webhooks: toRecords(webhooks).map(({ name, failurePolicy, namespaceSelector, clientConfig }) => {
      const { caBundle, service } = toRecord(clientConfig)
      return {
        name: toStringOrEmpty(name),
        failurePolicy: toStringOrEmpty(failurePolicy),
        namespaceSelector: parseLabelSelector(namespaceSelector),
        caBundlePem: Buffer.from(toStringOrEmpty(caBundle), 'base64').toString('latin1'),
        service: isRecord(service)
          ? { namespace: toStringOrEmpty(service.namespace), name: toStringOrEmpty(service.name) }
          : null,
      }
    }),
  }
}
