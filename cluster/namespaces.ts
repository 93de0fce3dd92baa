import { toRecord, toTexts } from '../core/json.ts'
import { describeResponse } from '../kubernetes/api.ts'
import { createReflector, type Reflector, type ReflectorDeps } from '../kubernetes/reflector.ts'
import { createObjectStore } from '../kubernetes/store.ts'
import { pickOwnAnnotations } from './own-annotations.ts'

/** The part of a namespace with protected drivers that is kept in memory. */
export interface LabelledNamespace {
  readonly name: string
  /** Only the annotations of spark-nanny. */
  readonly annotations: Readonly<Record<string, string>>
}

function projectNamespace(object: unknown): LabelledNamespace | undefined {
  const { name, annotations } = toRecord(toRecord(object).metadata)
  if (typeof name !== 'string') return undefined
  return { name, annotations: pickOwnAnnotations(toTexts(annotations)) }
}

/**
 * The namespaces with the opt-in label. A namespace that loses the label is removed. With a scope, each of its namespaces counts as
 * labelled.
 */
export function watchNamespaces(
  deps: ReflectorDeps,
  labelSelector: string,
  changed: (namespace: string) => void,
): Reflector<LabelledNamespace> {
  if (deps.scope) return pollNamespaces(deps, deps.scope.namespaces, changed)
  return createReflector(
    {
      path: '/api/v1/namespaces',
      labelSelector,
      project: projectNamespace,
      maxKeptChars: 65_536,
      onChange: ({ name }) => changed(name),
      onRemove: ({ name }) => changed(name),
    },
    deps,
  )
}

/** How soon an annotation of a namespace, such as a pause, is noticed. */
const pollMs = 30_000
const getDeadlineMs = 10_000

/**
 * Reads namespaces one by one, because a Role permits neither to list nor to watch them. A namespace that does not exist or may not
 * be read is left out, so that no action is taken in it: it may be paused.
 */
function pollNamespaces(
  deps: ReflectorDeps,
  names: readonly string[],
  changed: (namespace: string) => void,
): Reflector<LabelledNamespace> {
  const objects = createObjectStore(projectNamespace)
  const firstSync = Promise.withResolvers<void>()
  let isSynced = false
  let readMs = deps.nowMs()
  const poll = async () => {
    const listed = new Set<string>()
    for (const name of names) {
      const path = `/api/v1/namespaces/${encodeURIComponent(name)}`
      const response = await deps.api.request({ method: 'GET', path, deadlineMs: getDeadlineMs })
      const status = response.kind === 'response' ? response.status : 0
      if (response.kind === 'response' && status === 200) objects.putPage([response.body], listed)
      else deps.log.warn({ event: 'namespace-unreadable', namespace: name, detail: describeResponse(response) })
      // The API server did not answer: what is known stays.
      if (status !== 200 && status !== 403 && status !== 404) return
    }
    objects.retain(listed)
    isSynced = true
    readMs = deps.nowMs()
    firstSync.resolve()
  }
  return {
    objects,
    synced: () => isSynced,
    whenSynced: () => firstSync.promise,
    stale: () => deps.nowMs() - readMs > 6 * pollMs,
    run: async (signal) => {
      while (!signal.aborted) {
        await poll()
        for (const { now, before } of objects.takeChanges()) {
          if (JSON.stringify(now) !== JSON.stringify(before)) changed((now ?? before)?.name ?? '')
        }
        await deps.sleep(pollMs, signal)
      }
    },
  }
}
