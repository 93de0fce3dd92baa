import { createHash } from 'node:crypto'

/** Numbers from 0 to 1, reproducible from the seed. */
export type Random = () => number

/** Each consumer gets its own generator, so that more draws of one do not change the others. */
export function seeded(...seed: readonly (string | number)[]): Random {
  let state = createHash('sha256').update(seed.join('/')).digest().readUInt32LE()
  // mulberry32
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export const between = (random: Random, low: number, high: number): number => low + random() * (high - low)

/** Picks one of the rows, in proportion to their weights. */
export function weighted<T extends { readonly weight: number }>(random: Random, rows: readonly [T, ...T[]]): T {
  let left = random() * rows.reduce((sum, { weight }) => sum + weight, 0)
  for (const row of rows) {
    left -= row.weight
    if (left < 0) return row
  }
  return rows[0]
}

/** One of the items, each as likely as another. */
export function oneOf<T>(random: Random, items: readonly [T, ...T[]]): T {
  return items[Math.floor(random() * items.length)] ?? items[0]
}
