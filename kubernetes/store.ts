import { toRecord, toText } from '../core/json.ts'

/** The objects of one API collection as last seen: what is kept of each, by namespace and name. */
export interface Collection<T> {
  get(namespace: string, name: string): T | undefined
  in(namespace: string): readonly T[]
  all(): IterableIterator<T>
  readonly size: number
  /** Another number after each change. */
  readonly revision: number
}

export interface ObjectName {
  readonly namespace: string
  readonly name: string
}

/** What a watch event did, so that the one who reads on knows from where. */
export type WatchOutcome =
  | { readonly kind: 'changed'; readonly resourceVersion: string }
  | { readonly kind: 'bookmark'; readonly resourceVersion: string }
  /** The version watched from is too old (410), or the event cannot be read: list again. */
  | { readonly kind: 'relist'; readonly detail: string }

/** `now` undefined: it is gone; `before` undefined: it is new. A pod made again under its name is one that changed. */
export interface Change<T> {
  readonly now: T | undefined
  readonly before: T | undefined
}

/** A collection that is filled by lists and watch events. `keep` picks what is kept; undefined leaves an object out. */
export class WatchedCollection<T> implements Collection<T> {
  readonly #byNamespace = new Map<string, Map<string, T>>()
  #revision = 0
  #changes: Change<T>[] = []
  readonly #keep: (object: unknown) => T | undefined

  constructor(keep: (object: unknown) => T | undefined) {
    this.#keep = keep
  }

  /** What has changed since the last call, in its order. */
  takeChanges(): readonly Change<T>[] {
    const changes = this.#changes
    this.#changes = []
    return changes
  }

  get(namespace: string, name: string): T | undefined {
    return this.#byNamespace.get(namespace)?.get(name)
  }

  in(namespace: string): readonly T[] {
    const objects = this.#byNamespace.get(namespace)
    return objects === undefined ? none : [...objects.values()]
  }

  *all(): IterableIterator<T> {
    for (const objects of this.#byNamespace.values()) yield* objects.values()
  }

  get revision(): number {
    return this.#revision
  }

  get size(): number {
    let size = 0
    for (const objects of this.#byNamespace.values()) size += objects.size
    return size
  }

  /** Puts a page of a list in; `seen` collects what the whole list holds. */
  takePage(items: readonly unknown[], seen: Set<string>): void {
    for (const item of items) {
      const key = identify(item)
      if (key === undefined) continue
      seen.add(keyOf(key))
      this.#put(key, item)
    }
  }

  /** Drops what a whole list did not hold. */
  retain(seen: ReadonlySet<string>): void {
    for (const [namespace, objects] of this.#byNamespace) {
      for (const name of objects.keys()) if (!seen.has(keyOf({ namespace, name }))) this.#drop({ namespace, name })
    }
  }

  apply(event: unknown): WatchOutcome {
    const { type, object } = toRecord(event)
    const metadata = toRecord(toRecord(object).metadata)
    const resourceVersion = typeof metadata.resourceVersion === 'string' ? metadata.resourceVersion : undefined
    if (type === 'ERROR') return { kind: 'relist', detail: String(toRecord(object).message ?? 'ERROR event') }
    if (resourceVersion === undefined) return { kind: 'relist', detail: 'an event without a resourceVersion' }
    if (type === 'BOOKMARK') return { kind: 'bookmark', resourceVersion }
    const key = identify(object)
    if (key === undefined) return { kind: 'relist', detail: 'an event without an object' }
    if (type === 'DELETED') {
      this.#drop(key)
      return { kind: 'changed', resourceVersion }
    }
    if (type !== 'ADDED' && type !== 'MODIFIED') return { kind: 'relist', detail: `an event of type ${toText(type)}` }
    this.#put(key, object)
    return { kind: 'changed', resourceVersion }
  }

  #put(key: ObjectName, object: unknown): void {
    const kept = this.#keep(object)
    if (kept === undefined) {
      this.#drop(key)
      return
    }
    this.#revision += 1
    const objects = this.#byNamespace.get(key.namespace) ?? new Map<string, T>()
    this.#changes.push({ now: kept, before: objects.get(key.name) })
    this.#byNamespace.set(key.namespace, objects.set(key.name, kept))
  }

  #drop({ namespace, name }: ObjectName): void {
    this.#revision += 1
    const objects = this.#byNamespace.get(namespace)
    const before = objects?.get(name)
    if (before !== undefined) this.#changes.push({ now: undefined, before })
    if (objects?.delete(name) === true && objects.size === 0) this.#byNamespace.delete(namespace)
  }
}

const none: readonly never[] = []
const keyOf = ({ namespace, name }: ObjectName) => `${namespace}/${name}`

function identify(object: unknown): ObjectName | undefined {
  const { name, namespace } = toRecord(toRecord(object).metadata)
  return typeof name === 'string' ? { name, namespace: typeof namespace === 'string' ? namespace : '' } : undefined
}
