import { createReflector, type Reflector, type ReflectorDeps, type ReflectorOptions } from './reflector.ts'
import type { Collection } from './store.ts'

export interface ScopedReflector<T> extends Reflector<T> {
  /** The namespaces that were never listed; `all` if all namespaces are one list, which is missing. */
  unlisted(): Unlisted
}

export type Unlisted = ReadonlySet<string> | 'all'

const nothing: Unlisted = new Set()

/** How long a namespace that cannot be listed delays the others: longer than the deadline of a list. */
const maxSyncDelayMs = 45_000

/**
 * A reflector of a namespaced collection. With {@link ReflectorDeps.scope}, it reads each of these namespaces by itself, which
 * a Role in each of them permits. Without, it reads all namespaces, which needs a ClusterRole.
 *
 * A namespace that cannot be listed, because it was deleted or its Role is missing, must not keep the others unprotected. The
 * collection therefore counts as synced after {@link maxSyncDelayMs} if at least one namespace was listed.
 */
export function createScopedReflector<T>(options: ReflectorOptions<T>, deps: ReflectorDeps): ScopedReflector<T> {
  const { scope } = deps
  if (scope === undefined || scope === null) {
    const reflector = createReflector(options, deps)
    return { ...reflector, unlisted: () => (reflector.synced() ? nothing : 'all') }
  }
  const members = new Map(
    scope.namespaces.map((namespace) => [
      namespace,
      createReflector({ ...options, path: toNamespacedPath(options.path, namespace) }, deps),
    ]),
  )
  const all = [...members.values()]
  const startMs = deps.nowMs()
  return {
    objects: mergeCollections(new Map([...members].map(([namespace, { objects }]) => [namespace, objects]))),
    synced: () => {
      const isLate = deps.nowMs() - startMs > maxSyncDelayMs
      return isLate ? all.some((member) => member.synced()) : all.every((member) => member.synced())
    },
    whenSynced: async () => {
      const everyone = Promise.all(all.map((member) => member.whenSynced()))
      const delay = deps.sleep(maxSyncDelayMs, new AbortController().signal)
      await Promise.race([everyone, Promise.all([delay, Promise.race(all.map((member) => member.whenSynced()))])])
    },
    unlisted: () => new Set([...members].flatMap(([namespace, member]) => (member.synced() ? [] : [namespace]))),
    stale: () => all.some((member) => member.stale()),
    run: async (signal) => {
      await Promise.all(all.map((member) => member.run(signal)))
    },
  }
}

/** `/api/v1/pods` becomes `/api/v1/namespaces/NAMESPACE/pods`. */
function toNamespacedPath(path: string, namespace: string): string {
  const end = path.lastIndexOf('/')
  return `${path.slice(0, end)}/namespaces/${encodeURIComponent(namespace)}${path.slice(end)}`
}

/** The collections of single namespaces as one. */
function mergeCollections<T>(members: ReadonlyMap<string, Collection<T>>): Collection<T> {
  const sum = (key: 'size' | 'revision') => members.values().reduce((total, member) => total + member[key], 0)
  return {
    get: (namespace, name) => members.get(namespace)?.get(namespace, name),
    in: (namespace) => members.get(namespace)?.in(namespace) ?? [],
    *all() {
      for (const member of members.values()) yield* member.all()
    },
    get size() {
      return sum('size')
    },
    get revision() {
      return sum('revision')
    },
  }
}
