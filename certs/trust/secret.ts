import { toRecord, toTexts } from '../../core/json.ts'
import { describeResponse, type KubernetesApi } from '../../kubernetes/api.ts'
import { type FoundContents, parseSecretContents, type SecretText, secretKeys } from '../pki/secret-contents.ts'

export interface SecretName {
  readonly namespace: string
  readonly name: string
}

/** The Secret as it was read. */
export interface FoundSecret {
  readonly found: FoundContents
  /** Null if the Secret does not exist. */
  readonly resourceVersion: string | null
  /** The labels and annotations that bind it to its Helm release, for the case that it must be created again. */
  readonly metadata: SecretMetadata
}

export interface SecretMetadata {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

export type ReadOutcome<T> =
  | { readonly kind: 'read'; readonly value: T }
  | { readonly kind: 'failed'; readonly detail: string }

export type WriteOutcome =
  | { readonly kind: 'written' }
  /** Another client has written since the object was read. */
  | { readonly kind: 'conflict' }
  | { readonly kind: 'failed'; readonly detail: string }

export const apiDeadlineMs = 10_000

const defaultMetadata: SecretMetadata = { labels: { 'app.kubernetes.io/managed-by': 'spark-nanny' }, annotations: {} }

export const formatSecretsPath = ({ namespace }: SecretName) =>
  `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets`
const formatSecretPath = (name: SecretName) => `${formatSecretsPath(name)}/${encodeURIComponent(name.name)}`

/** Reads the Secret from the API, without any cache. `before`: the metadata that it had when it was last read. */
export async function readSecret(
  api: KubernetesApi,
  name: SecretName,
  before: SecretMetadata | null,
): Promise<ReadOutcome<FoundSecret>> {
  const response = await api.request({ method: 'GET', path: formatSecretPath(name), deadlineMs: apiDeadlineMs })
  if (response.kind === 'response' && response.status === 404) {
    return {
      kind: 'read',
      value: { found: { kind: 'absent' }, resourceVersion: null, metadata: before ?? defaultMetadata },
    }
  }
  const { data, metadata } = toRecord(response.kind === 'response' ? response.body : undefined)
  const { resourceVersion, labels, annotations } = toRecord(metadata)
  if (response.kind === 'failed' || response.status !== 200 || typeof resourceVersion !== 'string')
    return { kind: 'failed', detail: `Secret ${name.name}: ${describeResponse(response)}` }
  // Not kubectl's annotation, which contains a copy of the whole object.
  const helm = Object.entries(toTexts(annotations)).filter(([key]) => key.startsWith('meta.helm.sh/'))
  return {
    kind: 'read',
    value: {
      found: parseSecretContents(data),
      resourceVersion,
      metadata: { labels: toTexts(labels), annotations: Object.fromEntries(helm) },
    },
  }
}

/** Writes all keys at once. Writes nothing if the Secret has changed since it was read. */
export async function writeSecret(
  api: KubernetesApi,
  name: SecretName,
  text: SecretText,
  { resourceVersion, metadata }: FoundSecret,
): Promise<WriteOutcome> {
  const encoded = (key: keyof SecretText) => (text[key] === '' ? null : Buffer.from(text[key]).toString('base64'))
  const data = Object.fromEntries(secretKeys.map((key) => [key, encoded(key)]))
  const response =
    resourceVersion === null
      ? await api.request({
          method: 'POST',
          path: `${formatSecretsPath(name)}?fieldManager=spark-nanny`,
          body: {
            apiVersion: 'v1',
            kind: 'Secret',
            metadata: { name: name.name, namespace: name.namespace, ...metadata },
            type: 'Opaque',
            data: Object.fromEntries(Object.entries(data).filter(([, value]) => value !== null)),
          },
          deadlineMs: apiDeadlineMs,
        })
      : await api.request({
          method: 'PATCH',
          path: `${formatSecretPath(name)}?fieldManager=spark-nanny`,
          contentType: 'application/merge-patch+json',
          body: { metadata: { resourceVersion }, data },
          deadlineMs: apiDeadlineMs,
        })
  if (response.kind === 'response' && (response.status === 200 || response.status === 201)) return { kind: 'written' }
  if (
    response.kind === 'response' &&
    (response.status === 409 || (response.status === 404 && resourceVersion !== null))
  )
    return { kind: 'conflict' }
  return { kind: 'failed', detail: `Secret ${name.name}: ${describeResponse(response)}` }
}
