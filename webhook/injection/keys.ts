import { randomBytes } from 'node:crypto'
import { toRecord, toStringOrEmpty } from '../../core/json.ts'
import type { Log } from '../../core/log.ts'
import { describeResponse, type KubernetesApi } from '../../kubernetes/api.ts'

/** The key with which the replicas sign injections, in a Secret that all of them share. */
export interface InjectionKeys {
  /** The key for new injections. Null while it is not known: then pods are injected without a proof. */
  current(): Buffer | null
  /** The keys of proofs that count, the newest first. */
  all(): readonly Buffer[]
  /** Calls `changed` after each change of the keys. */
  whenChanged(changed: () => void): void
  /** Reads the Secret, and fills it if it is empty. Runs until `signal` is aborted. */
  run(signal: AbortSignal): Promise<void>
}

export interface InjectionKeysDeps {
  readonly api: Pick<KubernetesApi, 'request'>
  readonly log: Log
  sleep(ms: number, signal: AbortSignal): Promise<void>
  random(): number
}

/** Where the Secret is. Without a name, each process has a key of its own and counts only the pods that it injected itself. */
export interface InjectionKeySecret {
  readonly namespace: string
  readonly name: string
}

const keyBytes = 32
const dataKey = 'key'
const deadlineMs = 10_000
const retryMs = 5_000
/** How soon a replica notices that the Secret was created again with another key. */
const refreshMs = 5 * 60_000

type ReadResult =
  | { readonly kind: 'key'; readonly key: Buffer }
  | { readonly kind: 'empty'; readonly resourceVersion: string }
  | { readonly kind: 'failed'; readonly detail: string }

export function createInjectionKeys(secret: InjectionKeySecret, deps: InjectionKeysDeps): InjectionKeys {
  const isShared = secret.name !== ''
  let keys: readonly Buffer[] = isShared ? [] : [randomBytes(keyBytes)]
  let reported: string | null = null
  const listeners: (() => void)[] = []

  const report = (detail: string | null) => {
    if (detail !== null && detail !== reported) {
      deps.log.warn({ event: 'injection-key-unavailable', secret: secret.name, detail })
    }
    reported = detail
  }
  const readOrCreate = async (): Promise<ReadResult> => {
    const result = await readKey(secret, deps.api)
    if (result.kind !== 'empty') return result
    const detail = await writeKey(secret, result.resourceVersion, deps.api)
    // Another replica may have been faster, so that its key counts.
    return detail === null ? readKey(secret, deps.api) : { kind: 'failed', detail }
  }
  const refresh = async (): Promise<void> => {
    const result = await readOrCreate()
    if (result.kind !== 'key') return report(result.kind === 'empty' ? 'the Secret has no key' : result.detail)
    report(null)
    if (keys[0]?.equals(result.key)) return
    // Pods that were injected with the key before are still known.
    keys = [result.key, ...keys].slice(0, 2)
    deps.log.info({ event: 'injection-key-loaded', secret: secret.name })
    for (const changed of listeners) changed()
  }
  return {
    current: () => keys[0] ?? null,
    all: () => keys,
    whenChanged: (changed) => void listeners.push(changed),
    run: async (signal) => {
      while (!signal.aborted) {
        if (isShared) await refresh()
        const restMs = keys.length === 0 ? retryMs : refreshMs
        await deps.sleep(restMs * (0.75 + deps.random() / 2), signal)
      }
    },
  }
}

const formatPath = ({ namespace, name }: InjectionKeySecret) =>
  `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets/${encodeURIComponent(name)}`

/** Details never contain anything of the Secret. */
async function readKey(secret: InjectionKeySecret, api: InjectionKeysDeps['api']): Promise<ReadResult> {
  const response = await api.request({ method: 'GET', path: formatPath(secret), deadlineMs })
  const { data, metadata } = toRecord(response.kind === 'response' ? response.body : undefined)
  const { resourceVersion } = toRecord(metadata)
  if (response.kind === 'failed' || response.status !== 200 || typeof resourceVersion !== 'string') {
    return { kind: 'failed', detail: describeResponse(response) }
  }
  const key = Buffer.from(toStringOrEmpty(toRecord(data)[dataKey]), 'base64')
  return key.length === keyBytes ? { kind: 'key', key } : { kind: 'empty', resourceVersion }
}

/** Writes a new key, unless another replica was faster. Returns why that failed, or null. */
async function writeKey(
  secret: InjectionKeySecret,
  resourceVersion: string,
  api: InjectionKeysDeps['api'],
): Promise<string | null> {
  const response = await api.request({
    method: 'PATCH',
    path: `${formatPath(secret)}?fieldManager=spark-nanny`,
    contentType: 'application/merge-patch+json',
    body: { metadata: { resourceVersion }, data: { [dataKey]: randomBytes(keyBytes).toString('base64') } },
    deadlineMs,
  })
  if (response.kind === 'response' && (response.status === 200 || response.status === 409)) return null
  return describeResponse(response)
}
