/**
 * Whether a JSON value is larger than `maxChars` characters: texts and keys count with their length, and every value with 8
 * more. Stops counting at the bound.
 */
export function isLargerThan(value: unknown, maxChars: number): boolean {
  if (maxChars === Infinity) return false
  const open: unknown[] = [value]
  let chars = 0
  while (open.length > 0) {
    const next = open.pop()
    chars += 8 + (typeof next === 'string' ? next.length : 0)
    if (typeof next === 'object' && next !== null) {
      // The keys of a list are its indices.
      for (const [key, item] of Object.entries(next)) {
        chars += key.length
        open.push(item)
      }
    }
    if (chars > maxChars) return true
  }
  return false
}
