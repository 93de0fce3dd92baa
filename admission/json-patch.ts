import jsonPatch from 'fast-json-patch'

/** The operations of a JSON Patch (RFC 6902) that we use. */
export interface Operation {
  readonly op: 'add'
  readonly path: string
  readonly value: unknown
}

const constantTexts = new WeakMap<object, string>()

/** A value that is the same in every patch: it is frozen, and its JSON written once. */
export function frozenJson<T extends object>(value: T): T {
  constantTexts.set(value, JSON.stringify(value))
  return deepFreeze(value)
}

function deepFreeze<T extends object>(value: T): T {
  for (const item of Object.values(value)) if (typeof item === 'object' && item !== null) deepFreeze(item)
  return Object.freeze(value)
}

/** The JSON Patch as it is sent: the same as JSON.stringify makes of it. */
export function formatPatch(operations: readonly Operation[]): string {
  let text = ''
  for (const { op, path, value } of operations) {
    const known = typeof value === 'object' && value !== null ? constantTexts.get(value) : undefined
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

/** Sets members of a map; a map that is absent is created. */
export function addMember(
  path: string,
  map: Readonly<Record<string, unknown>> | null | undefined,
  members: Readonly<Record<string, unknown>>,
): readonly Operation[] {
  if (!map) return [{ op: 'add', path, value: members }]
  return Object.entries(members).map(([key, value]) => ({ op: 'add', path: path + formatPointer(key), value }))
}

/**
 * Whether the operations turn what was received into `intended`: they are applied, as the API server will, and the
 * outcome is compared. `draft` is changed: a copy of what was received that may share with it all that no operation
 * touches. False too when they cannot be applied.
 */
export function verifyPatch(draft: object, operations: readonly Operation[], intended: object): boolean {
  try {
    // Not validated: an `add` to a member or to the end of a list fails in no other way than by a missing parent.
    jsonPatch.applyPatch(draft, operations, false, true)
    return isSameJson(draft, intended)
  } catch {
    return false
  }
}

/** Whether two values would be the same JSON. What is shared is the same without a look. */
export function isSameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (!isObject(a) || !isObject(b) || Array.isArray(a) !== Array.isArray(b)) return false
  const keys = Object.keys(a)
  const otherKeys = Object.keys(b)
  if (keys.length !== otherKeys.length) return false
  // Members mostly stand in the same order: then their values can be had at once, which is much faster than by name.
  const inOrder = keys.every((key, index) => key === otherKeys[index])
  const values = Object.values(a)
  const otherValues = inOrder ? Object.values(b) : keys.map((key) => b[key])
  return values.every((value, index) => value !== undefined && isSameJson(value, otherValues[index]))
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null
