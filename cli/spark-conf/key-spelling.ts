import { distance } from 'fastest-levenshtein'
import { foreignManager, isOpenFamily, kubernetesFamilies } from './key-families.ts'
import { findSparkKey, sparkKeys } from './spark-keys.ts'

/** The classification of a key by its name. */
export type KeyName =
  | { readonly kind: 'known' }
  /** A key of the user or of a library, which cannot be judged. */
  | { readonly kind: 'open' }
  | { readonly kind: 'misspelt'; readonly nearest: string }
  /** A key with a prefix that only Spark uses, and that no release has. */
  | { readonly kind: 'unknown' }

/**
 * Classifies a key. Libraries have their own keys below `spark.`. Outside of `spark.kubernetes.` a key therefore counts as
 * misspelt only if it differs from a known key by few edits.
 */
export function parseKeyName(key: string): KeyName {
  if (findSparkKey(key) !== undefined) return { kind: 'known' }
  if (isOpenFamily(key) || foreignManager(key) !== undefined) return { kind: 'open' }
  const nearest = nearestKey(key)
  if (nearest !== undefined) return { kind: 'misspelt', nearest }
  return key.startsWith('spark.kubernetes.') ? { kind: 'unknown' } : { kind: 'open' }
}

function nearestKey(key: string): string | undefined {
  let best: { readonly key: string; readonly edits: number } | undefined
  for (const candidate of sparkKeys()) {
    if (Math.abs(candidate.length - key.length) > maxEdits(candidate)) continue
    const edits = editsBetween(key, candidate)
    if (edits <= maxEdits(candidate) && (best === undefined || edits < best.edits)) best = { key: candidate, edits }
  }
  if (best !== undefined) return best.key
  // `spark.kubernetes.driver.labels.team`: the prefix is misspelt, and the user chooses the rest.
  for (const prefix of kubernetesFamilies()) {
    const parts = prefix.split('.').length - 1
    const own = key.split('.').slice(0, parts).join('.')
    const rest = key.split('.').slice(parts).join('.')
    if (rest !== '' && `${own}.` !== prefix && editsBetween(`${own}.`, prefix) <= 2) return `${prefix}${rest}`
  }
  return undefined
}

/** Differences between upper and lower case count as half an edit: `spark.executor.memoryoverhead`. */
function editsBetween(key: string, candidate: string): number {
  const edits = distance(key, candidate)
  return edits <= 1 ? edits : Math.min(edits, distance(key.toLowerCase(), candidate.toLowerCase()) + 0.5)
}

/** The number of typing errors up to which a key counts as misspelt. Short keys differ little from one another. */
function maxEdits(key: string): number {
  if (key.length < 20) return 1
  return key.length < 34 ? 2 : 3
}
