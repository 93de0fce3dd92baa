import { setTimeout as delay } from 'node:timers/promises'
import { toRecord } from '../../../../core/json.ts'
import type { KubernetesApi } from '../../../../kubernetes/api.ts'
import { parsePage } from '../../../../kubernetes/list-page.ts'

/** The fields that the tests read of a pod. */
export interface AuditedPod {
  readonly metadata: {
    readonly name: string
    readonly namespace: string
    readonly uid: string
    readonly resourceVersion: string
    readonly deletionTimestamp?: string
    readonly annotations?: Readonly<Record<string, string>>
    readonly labels?: Readonly<Record<string, string>>
    readonly finalizers?: readonly string[]
  }
  readonly spec: {
    readonly initContainers?: readonly { readonly name: string; readonly image: string }[]
    readonly containers: readonly { readonly name: string; readonly image: string }[]
  }
  readonly status: Readonly<Record<string, unknown>>
}

export interface AuditedChange {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly pod: AuditedPod
}

/** All changes of a run's pods, watched at the API server itself. */
export interface Audit {
  /** The current state. */
  pod(namespace: string, name: string): AuditedPod | undefined
  pods(): readonly AuditedPod[]
  /** Every change of a pod, in order. */
  changes(uid: string): readonly AuditedChange[]
  /** Calls the listener on every change, after the audit recorded it. */
  listen(listener: (change: AuditedChange) => void): void
  /** Calls the listener on each change of the named pod. Returns a function that stops it. */
  listenTo(pod: { readonly namespace: string; readonly name: string }, listener: () => void): () => void
  close(): Promise<void>
}

/** Starts to watch the pods with this label until `close`. Rejects if the first list fails. */
export async function startAudit(api: KubernetesApi, labelSelector: string): Promise<Audit> {
  const path = `/api/v1/pods?labelSelector=${encodeURIComponent(labelSelector)}`
  const first = await api.request({ method: 'GET', path, deadlineMs: 30_000 })
  const page = first.kind === 'response' ? parsePage(first.body) : undefined
  if (page === undefined) throw new Error(`the audit failed to start: ${JSON.stringify(first)}`)
  const now = new Map<string, AuditedPod>()
  const history = new Map<string, AuditedChange[]>()
  const listeners: ((change: AuditedChange) => void)[] = []
  const byName = new Map<string, Set<() => void>>()
  const closing = new AbortController()
  let { resourceVersion } = page

  const take = (event: unknown): void => {
    const { type, object } = toRecord(event)
    // No validation: this is the test's own connection to the API server.
    const pod = object as AuditedPod
    if (type === 'ERROR') throw new Error(`the audit’s watch failed: ${JSON.stringify(object)}`)
    resourceVersion = pod.metadata.resourceVersion
    if (type !== 'ADDED' && type !== 'MODIFIED' && type !== 'DELETED') return
    const key = `${pod.metadata.namespace}/${pod.metadata.name}`
    if (type === 'DELETED') now.delete(key)
    else now.set(key, pod)
    const change = { type, pod } as const
    const changes = history.get(pod.metadata.uid) ?? []
    changes.push(change)
    history.set(pod.metadata.uid, changes)
    for (const listener of listeners) listener(change)
    for (const listener of byName.get(key) ?? []) listener()
  }
  const watch = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      const query = `&watch=true&allowWatchBookmarks=true&resourceVersion=${resourceVersion}`
      for await (const item of api.watch(`${path}${query}`, 120_000, closing.signal)) {
        if (item.kind === 'event') take(item.event)
      }
      await delay(100)
    }
  }
  const watching = watch()
  return {
    pod: (namespace, name) => now.get(`${namespace}/${name}`),
    pods: () => [...now.values()],
    changes: (uid) => history.get(uid) ?? [],
    listen: (listener) => void listeners.push(listener),
    listenTo: ({ namespace, name }, listener) => {
      const key = `${namespace}/${name}`
      const set = byName.get(key) ?? new Set()
      byName.set(key, set.add(listener))
      return () => void set.delete(listener)
    },
    close: async () => {
      closing.abort()
      await watching
    },
  }
}
