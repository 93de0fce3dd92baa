import { toRecord } from '../../core/json.ts'
import type { ApiRequest, ApiResponse, KubernetesApi } from '../../kubernetes/api.ts'
import { applyMergePatch } from '../support/fake-writes.ts'

/** One Secret and one webhook configuration of an API server. */
export interface FakeCertificateObjects {
  secret(): StoredObject | undefined
  configuration(): StoredObject | undefined
  /** PEM of each webhook's caBundle. */
  caBundles(): readonly string[]
  /** Writes the whole object, as another client does. */
  put(kind: 'secret' | 'configuration', object: StoredObject): void
  remove(kind: 'secret' | 'configuration'): void
}

/** The same objects in memory, with the API server's preconditions. It has a manual clock and needs no network. */
export interface FakeCertificateApi extends FakeCertificateObjects {
  /** The server's response to a request, at once. */
  answer(request: ApiRequest): ApiResponse
  /** A client of this API without watches. */
  readonly client: KubernetesApi
  /** `METHOD path` of each request. */
  readonly requests: string[]
}

export interface StoredObject {
  readonly metadata: { readonly name: string; readonly resourceVersion?: string; readonly [field: string]: unknown }
  readonly [field: string]: unknown
}

export const secretPath = '/api/v1/namespaces/spark-nanny/secrets/tls'
export const configurationPath = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/spark-nanny'

export const createEmptySecret = (): StoredObject => ({
  kind: 'Secret',
  metadata: { name: 'tls', namespace: 'spark-nanny', labels: { 'app.kubernetes.io/instance': 'mine' } },
  type: 'Opaque',
})

export const createConfiguration = (...caBundles: readonly string[]): StoredObject => ({
  kind: 'MutatingWebhookConfiguration',
  metadata: { name: 'spark-nanny' },
  webhooks: (caBundles.length === 0 ? ['', ''] : caBundles).map((pem, index) => ({
    name: ['pods.spark-nanny.io', 'services.spark-nanny.io'][index],
    failurePolicy: 'Ignore',
    clientConfig: {
      service: { name: 'spark-nanny', namespace: 'spark-nanny' },
      ...(pem !== '' && { caBundle: Buffer.from(pem).toString('base64') }),
    },
  })),
})

export function createFakeCertificateApi(serverNowMs: () => number): FakeCertificateApi {
  const objects = new Map<string, StoredObject>()
  const requests: string[] = []
  let version = 100
  const store = (path: string, object: StoredObject): StoredObject => {
    version += 1
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } }
    objects.set(path, stored)
    return stored
  }
  const pathOf = (kind: 'secret' | 'configuration') => (kind === 'secret' ? secretPath : configurationPath)
  const status = (code: number, message: string) => ({
    kind: 'response' as const,
    status: code,
    body: { kind: 'Status', code, message },
    dateMs: serverNowMs(),
  })
  const ok = (code: number, body: unknown): ApiResponse => ({
    kind: 'response',
    status: code,
    body: structuredClone(body),
    dateMs: serverNowMs(),
  })

  const answer = ({ method, path: pathAndQuery, body }: ApiRequest): ApiResponse => {
    const path = pathAndQuery.split('?')[0] ?? ''
    requests.push(`${method} ${path}`)
    if (method === 'POST') {
      const created = body as StoredObject
      const createdPath = `${path}/${created.metadata.name}`
      return objects.has(createdPath) ? status(409, 'already exists') : ok(201, store(createdPath, created))
    }
    const object = objects.get(path)
    if (object === undefined) return status(404, 'not found')
    if (method === 'GET') return ok(200, object)
    const wanted = toRecord(toRecord(body).metadata).resourceVersion
    if (wanted !== object.metadata.resourceVersion) return status(409, 'the object has been modified')
    return ok(200, store(path, applyMergePatch(object, body, true) as StoredObject))
  }
  return {
    answer,
    requests,
    client: {
      request: async (request) => answer(request),
      watch: async function* () {},
    },
    secret: () => objects.get(secretPath),
    configuration: () => objects.get(configurationPath),
    caBundles: () => parseCaBundles(objects.get(configurationPath)),
    put: (kind, object) => void store(pathOf(kind), object),
    remove: (kind) => void objects.delete(pathOf(kind)),
  }
}

/** PEM of each webhook's caBundle; empty text for a webhook without one. */
export function parseCaBundles(configuration: StoredObject | undefined): readonly string[] {
  const { webhooks } = toRecord(configuration)
  return (Array.isArray(webhooks) ? webhooks : []).map((webhook) =>
    Buffer.from(String(toRecord(toRecord(webhook).clientConfig).caBundle ?? ''), 'base64').toString(),
  )
}
