import jsonPatch from 'fast-json-patch'

/** The only operation of a JSON Patch (RFC 6902) that spark-nanny uses. */
export interface Operation {
  readonly op: 'add'
  readonly path: string
  readonly value: unknown
}

const frozenTexts = new WeakMap<object, string>()

/**
 * A value that is the same in every patch: it is frozen, and its JSON is written only once. Measured on the driver of
 * test/data/admission: the text of a patch takes 4 µs instead of 14 µs.
 */
export function frozenJson<T extends object>(value: T): T {
  frozenTexts.set(value, JSON.stringify(value))
  return deepFreeze(value)
}

function deepFreeze<T extends object>(value: T): T {
  for (const item of Object.values(value)) if (typeof item === 'object' && item !== null) deepFreeze(item)
  return Object.freeze(value)
}

/** The text of the JSON Patch, equal to what JSON.stringify returns. */
export function formatPatch(operations: readonly Operation[]): string {
  let text = ''
  for (const { op, path, value } of operations) {
    const known = typeof value === 'object' && value !== null ? frozenTexts.get(value) : undefined
    const start = `${text === '' ? '[' : ','}{"op":"${op}","path":${JSON.stringify(path)},"value":`
    text += `${start}${known ?? JSON.stringify(value)}}`
  }
  return text === '' ? '[]' : `${text}]`
}

/** A JSON Pointer (RFC 6901). */
export function formatPointer(...keys: readonly string[]): string {
  let path = ''
  for (const key of keys) path += `/${/[~/]/.test(key) ? key.replaceAll('~', '~0').replaceAll('/', '~1') : key}`
  return path
}

/** Appends to a list. A missing list is created, because the API server would reject a pod for appending to it. */
export function addItems(
  path: string,
  list: readonly unknown[] | null | undefined,
  items: readonly unknown[],
): readonly Operation[] {
  if (items.length === 0) return []
  if (!list) return [{ op: 'add', path, value: items }]
  return items.map((value) => ({ op: 'add', path: `${path}/-`, value }))
}

/** Sets members of a map. A missing map is created. */
export function addMembers(
  path: string,
  map: Readonly<Record<string, unknown>> | null | undefined,
  members: Readonly<Record<string, unknown>>,
): readonly Operation[] {
  if (!map) return [{ op: 'add', path, value: members }]
  return Object.entries(members).map(([key, value]) => ({ op: 'add', path: path + formatPointer(key), value }))
}

/**
 * Applies the operations to `draft`, as the API server will apply them to the object that it sent. `draft` is a copy of that
 * object: it is modified and returned, but may share every value that no operation touches. Returns undefined if the
 * operations cannot be applied.
 */
export function applyOperations<T extends object>(draft: T, operations: readonly Operation[]): T | undefined {
  // JSON has no undefined, so the API server would receive a different patch.
  if (operations.some(({ value }) => value === undefined)) return undefined
  try {
    // Without validation: an `add` to a member or to the end of a list only fails if its parent is missing.
    return jsonPatch.applyPatch(draft, operations, false, true).newDocument
  } catch {
    return undefined
  }
}
