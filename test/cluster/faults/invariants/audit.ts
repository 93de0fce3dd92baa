import { setTimeout as delay } from 'node:timers/promises'
import { recordOf } from '../../../../core/json.ts'
import type { KubernetesApi } from '../../../../kubernetes/api.ts'
import { parsePage } from '../../../../kubernetes/list-page.ts'

/** What is read of a pod as the API server has it. */
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

/** All that happened to the pods of a run, asked of the API server itself. */
export interface Audit {
  /** As it is now. */
  pod(namespace: string, name: string): AuditedPod | undefined
  pods(): readonly AuditedPod[]
  /** Every change of a pod, in its order. */
  changes(uid: string): readonly AuditedChange[]
  /** Told of every change, after it is in the audit. */
  listen(listener: (change: AuditedChange) => void): void
  /** Told of each change of a pod of that name, until the function that it gives is called. */
  listenTo(pod: { readonly namespace: string; readonly name: string }, listener: () => void): () => void
  close(): Promise<void>
}

/** Of the pods with a label that begins every watch and list; ends with `close`. Rejects when it cannot begin. */
export async function startAudit(api: KubernetesApi, labelSelector: string): Promise<Audit> {
  const path = `/api/v1/pods?labelSelector=${encodeURIComponent(labelSelector)}`
  const first = await api.request({ method: 'GET', path, deadlineMs: 30_000 })
  const page = first.kind === 'answer' ? parsePage(first.body) : undefined
  if (page === undefined) throw new Error(`the audit cannot begin: ${JSON.stringify(first)}`)
  const now = new Map<string, AuditedPod>()
  const history = new Map<string, AuditedChange[]>()
  const listeners: ((change: AuditedChange) => void)[] = []
  const byName = new Map<string, Set<() => void>>()
  const closing = new AbortController()
  let { resourceVersion } = page

  const take = (event: unknown): void => {
    const { type, object } = recordOf(event)
    // The API server is believed: this is the very test's own line to it.
    const pod = object as AuditedPod
    if (type === 'ERROR') throw new Error(`the audit lost its thread: ${JSON.stringify(object)}`)
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
