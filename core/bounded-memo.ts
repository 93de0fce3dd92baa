/** How much a memo may remember. Both bounds are needed: a number of entries alone does not bound the memory of their keys. */
export interface MemoBounds {
  /** A result whose key is longer is computed each time. */
  readonly maxKeyLength: number
  /** When it is reached, everything is forgotten. */
  readonly maxEntries: number
}

/**
 * Remembers results by texts that any client may choose. The result must not keep more memory than a small multiple of its
 * key. An undefined result is not remembered.
 */
export function createBoundedMemo<T>({ maxKeyLength, maxEntries }: MemoBounds): (key: string, compute: () => T) => T {
  const results = new Map<string, T>()
  return (key, compute) => {
    if (key.length > maxKeyLength) return compute()
    const known = results.get(key)
    if (known !== undefined) return known
    const result = compute()
    if (results.size >= maxEntries) results.clear()
    if (result !== undefined) results.set(key, result)
    return result
  }
}
