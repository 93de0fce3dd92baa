import jsonPatch from 'fast-json-patch'

/** The operations of a JSON Patch (RFC 6902) that we use. */
export interface Operation {
  readonly op: 'add'
  readonly path: string
  readonly value: unknown
}

/** A JSON Pointer (RFC 6901). */
export function pointer(...keys: readonly string[]): string {
  return keys.map((key) => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

/** Appends to a list; a list that is absent is created, since adding to it would have the pod rejected. */
export function addItems(
  path: string,
  list: readonly unknown[] | null | undefined,
  items: readonly unknown[],
): readonly Operation[] {
  if (items.length === 0) return []
  if (!list) return [{ op: 'add', path, value: items }]
  return items.map((value) => ({ op: 'add', path: `${path}/-`, value }))
}

/** Inserts into a list that has at least `index` items. */
export function insertItems(path: string, index: number, items: readonly unknown[]): readonly Operation[] {
  return items.map((value, offset) => ({ op: 'add', path: `${path}/${index + offset}`, value }))
}

/** Sets members of a map; a map that is absent is created. */
export function addMember(
  path: string,
  map: Readonly<Record<string, unknown>> | null | undefined,
  members: Readonly<Record<string, unknown>>,
): readonly Operation[] {
  if (!map) return [{ op: 'add', path, value: members }]
  return Object.entries(members).map(([key, value]) => ({ op: 'add', path: path + pointer(key), value }))
}

/**
 * Whether the operations turn `received` into `intended`: they are applied, as the API server will, to a copy of all that
 * they touch, and the outcome is compared. `received` stays as it is. False too when they cannot be applied.
 */
export function reproduces(received: object, operations: readonly Operation[], intended: object): boolean {
  try {
    const document = copyAlong(
      received,
      operations.map(({ path }) => path),
    )
    jsonPatch.applyPatch(
      document,
      operations.map((operation) => ({ ...operation })),
      true,
      true,
    )
    return sameJson(document, intended)
  } catch {
    return false
  }
}

/** A copy of the root and of every object and list that a path goes through; the rest is shared. */
function copyAlong(root: object, paths: readonly string[]): object {
  const copies = new Set<object>()
  const copy = (value: object) => {
    if (copies.has(value)) return value
    const fresh = Array.isArray(value) ? [...value] : { ...value }
    copies.add(fresh)
    return fresh
  }
  const top = copy(root)
  for (const path of paths) {
    let node = top as Record<string, unknown>
    for (const token of path.split('/').slice(1, -1)) {
      const key = token.replaceAll('~1', '/').replaceAll('~0', '~')
      const child = node[key]
      if (typeof child !== 'object' || child === null) break
      node[key] = copy(child)
      node = node[key] as Record<string, unknown>
    }
  }
  return top
}

/** Whether two values would be the same JSON. What is shared is the same without a look. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const keys = Object.keys(a)
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>]
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && left[key] !== undefined && sameJson(left[key], right[key]))
  )
}
