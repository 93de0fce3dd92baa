import table from './keys.json' with { type: 'json' }

/** Releases whose own registries the table was made of, oldest first; see extract/renew.ts. */
export const sparkReleases = ['3.5', '4.0', '4.1'] as const
export type SparkRelease = (typeof sparkReleases)[number]

export const keyTypes = ['boolean', 'bytes', 'choice', 'double', 'integer', 'list', 'string', 'time'] as const
export type KeyType = (typeof keyTypes)[number]

/** What Spark's own registry says of one key. Facts of releases, never edited by hand. */
export interface SparkKey {
  readonly type: KeyType
  /** What a bare number counts in: b, KiB, MiB, GiB; ns, us, ms, s, min. Absent: none is needed or known. */
  readonly unit?: string
  readonly choices?: readonly string[]
  /** The choices are taken in upper and lower case. */
  readonly anyCase?: boolean
  /** As the newest release that knows the key prints it; of a removed key the only value that it may still have. */
  readonly default?: string
  /** The default of the release before it was changed. */
  readonly previously?: string
  /** The key that is asked when this one is absent. */
  readonly fallback?: string
  /** Least and greatest number, in `unit`; `>0` and `<1` leave the bound out. */
  readonly min?: string
  readonly max?: string
  readonly since?: string
  /** The newest of our releases that knows the key, when a later one does not. */
  readonly last?: SparkRelease
  /** Not documented by Spark. */
  readonly internal?: boolean
  /** Version from which it is deprecated. */
  readonly deprecated?: string
  readonly replacement?: string
  /** Version from which Spark SQL refuses any value but the default. */
  readonly removed?: string
}

const keys: ReadonlyMap<string, SparkKey> = new Map(Object.entries(table as Readonly<Record<string, SparkKey>>))

/** The row of a key; undefined for one that no release registers (which may still be another library's). */
export function findSparkKey(key: string): SparkKey | undefined {
  return keys.get(key)
}

/** Names to suggest: documented, and not those that Spark has given up. */
export function sparkKeys(): readonly string[] {
  return suggested
}

const suggested = [...keys].flatMap(([key, row]) =>
  row.internal === true || row.deprecated !== undefined || row.removed !== undefined || row.last !== undefined
    ? []
    : [key],
)
