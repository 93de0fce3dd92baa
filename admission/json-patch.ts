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
export function addMember(
  path: string,
  map: Readonly<Record<string, unknown>> | null | undefined,
  members: Readonly<Record<string, unknown>>,
): readonly Operation[] {
  if (!map) return [{ op: 'add', path, value: members }]
  return Object.entries(members).map(([key, value]) => ({ op: 'add', path: path + formatPointer(key), value }))
}

/**
 * Whether the operations turn the received object into `intended`: they are applied, as the API server will apply them, and
 * the result is compared. `draft` is a copy of the received object; it is modified, but may share every value that no
 * operation touches. Also false if the operations cannot be applied.
 */
export function verifyPatch(draft: object, operations: readonly Operation[], intended: object): boolean {
  try {
    // Without validation: an `add` to a member or to the end of a list only fails if its parent is missing.
    jsonPatch.applyPatch(draft, operations, false, true)
    return isSameJson(draft, intended)
  } catch {
    return false
  }
}

/** Whether two values have the same JSON. Shared values are not compared in depth. */
export function isSameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (!isObject(a) || !isObject(b) || Array.isArray(a) !== Array.isArray(b)) return false
  const keys = Object.keys(a)
  const otherKeys = Object.keys(b)
  if (keys.length !== otherKeys.length) return false
  // Members are usually in the same order; then Object.values is much faster than reading each member by name.
  const inOrder = keys.every((key, index) => key === otherKeys[index])
  const values = Object.values(a)
  const otherValues = inOrder ? Object.values(b) : keys.map((key) => b[key])
  return values.every((value, index) => value !== undefined && isSameJson(value, otherValues[index]))
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null
