import { boundText } from '../core/bounded-text.ts'
import { toRecord, toStringOrEmpty } from '../core/json.ts'
import { isLargerThan } from './value-size.ts'

/** The objects of one API collection as they were last seen. Only the projection of each object is kept. */
export interface Collection<T> {
  get(namespace: string, name: string): T | undefined
  in(namespace: string): readonly T[]
  all(): IterableIterator<T>
  readonly size: number
  /** A different number after each change. */
  readonly revision: number
}

/** A collection that lists and watch events fill. */
export interface ObjectStore<T> extends Collection<T> {
  /** Stores one page of a list, and adds the keys of its objects to `listed`. */
  putPage(items: readonly unknown[], listed: Set<string>): void
  /** Removes the objects that a complete list did not contain. */
  retain(listed: ReadonlySet<string>): void
  applyEvent(event: unknown): WatchOutcome
  /** Returns the changes since the last call, in their order. */
  takeChanges(): readonly Change<T>[]
}

/** What a watch event did, so that the reader of the watch knows where to continue. */
export type WatchOutcome =
  | { readonly kind: 'changed'; readonly resourceVersion: string }
  | { readonly kind: 'bookmark'; readonly resourceVersion: string }
  /** The watched version is too old (410), or the event cannot be read: the collection must be listed again. */
  | { readonly kind: 'relist'; readonly detail: string }

/**
 * One change of an object. `before` is undefined for a new object, and `now` for a removed one. An object that was deleted
 * and created again under the same name counts as changed.
 */
export interface Change<T> {
  readonly now: T | undefined
  readonly before: T | undefined
}

export interface ObjectName {
  readonly namespace: string
  readonly name: string
}

/** Which objects a store refuses because the kept part is too large. */
export interface Refusal {
  readonly maxChars: number
  refused(name: ObjectName): void
}

const noRefusal: Refusal = { maxChars: Infinity, refused: () => {} }

/** An empty store. `project` returns the part of an object to keep; an object for which it returns undefined is left out. */
export function createObjectStore<T>(
  project: (object: unknown) => T | undefined,
  refusal: Refusal = noRefusal,
): ObjectStore<T> {
  const byNamespace = new Map<string, Map<string, T>>()
  let revision = 0
  let changes: Change<T>[] = []

  function remove({ namespace, name }: ObjectName): void {
    revision += 1
    const objects = byNamespace.get(namespace)
    const before = objects?.get(name)
    if (before !== undefined) changes.push({ now: undefined, before })
    if (objects?.delete(name) === true && objects.size === 0) byNamespace.delete(namespace)
  }

  function put(key: ObjectName, object: unknown): void {
    const now = project(object)
    const isRefused = now !== undefined && isLargerThan(now, refusal.maxChars)
    if (isRefused) refusal.refused(key)
    if (now === undefined || isRefused) {
      remove(key)
      return
    }
    revision += 1
    const objects = byNamespace.get(key.namespace) ?? new Map<string, T>()
    changes.push({ now, before: objects.get(key.name) })
    byNamespace.set(key.namespace, objects.set(key.name, now))
  }

  return {
    get: (namespace, name) => byNamespace.get(namespace)?.get(name),
    in: (namespace) => {
      const objects = byNamespace.get(namespace)
      return objects === undefined ? noObjects : [...objects.values()]
    },
    *all() {
      for (const objects of byNamespace.values()) yield* objects.values()
    },
    get size() {
      let size = 0
      for (const objects of byNamespace.values()) size += objects.size
      return size
    },
    get revision() {
      return revision
    },
    putPage(items, listed) {
      for (const item of items) {
        const key = identify(item)
        if (key === undefined) continue
        listed.add(formatKey(key))
        put(key, item)
      }
    },
    retain(listed) {
      for (const [namespace, objects] of byNamespace) {
        for (const name of objects.keys()) {
          if (!listed.has(formatKey({ namespace, name }))) remove({ namespace, name })
        }
      }
    },
    applyEvent(event) {
      const parsed = parseWatchEvent(event)
      switch (parsed.kind) {
        case 'relist':
        case 'bookmark':
          return parsed
        case 'removed':
          remove(parsed.key)
          break
        case 'stored':
          put(parsed.key, parsed.object)
      }
      return { kind: 'changed', resourceVersion: parsed.resourceVersion }
    },
    takeChanges() {
      const taken = changes
      changes = []
      return taken
    },
  }
}

type WatchEvent =
  | Exclude<WatchOutcome, { readonly kind: 'changed' }>
  | { readonly kind: 'removed'; readonly key: ObjectName; readonly resourceVersion: string }
  | { readonly kind: 'stored'; readonly key: ObjectName; readonly resourceVersion: string; readonly object: unknown }

function parseWatchEvent(event: unknown): WatchEvent {
  const { type, object } = toRecord(event)
  const { resourceVersion } = toRecord(toRecord(object).metadata)
  if (type === 'ERROR') return { kind: 'relist', detail: describeError(object) }
  if (typeof resourceVersion !== 'string') return { kind: 'relist', detail: 'an event without a resourceVersion' }
  if (type === 'BOOKMARK') return { kind: 'bookmark', resourceVersion }
  const key = identify(object)
  if (key === undefined) return { kind: 'relist', detail: 'an event without an object' }
  if (type === 'DELETED') return { kind: 'removed', key, resourceVersion }
  if (type === 'ADDED' || type === 'MODIFIED') return { kind: 'stored', key, resourceVersion, object }
  return { kind: 'relist', detail: `an event of type ${boundText(toStringOrEmpty(type), 40)}` }
}

const describeError = (status: unknown) => boundText(toStringOrEmpty(toRecord(status).message) || 'ERROR event', 300)

const noObjects: readonly never[] = []
const formatKey = ({ namespace, name }: ObjectName) => `${namespace}/${name}`

function identify(object: unknown): ObjectName | undefined {
  const { name, namespace } = toRecord(toRecord(object).metadata)
  return typeof name === 'string' ? { name, namespace: toStringOrEmpty(namespace) } : undefined
}
