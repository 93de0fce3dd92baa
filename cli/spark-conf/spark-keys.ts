import table from './keys.json' with { type: 'json' }

/** The releases from whose registries the table was generated, oldest first; see extract/renew.ts. */
export const sparkReleases = ['3.5', '4.0', '4.1'] as const
/** The newest release in the table. A newer Spark has keys that the table lacks. */
export const newestSparkRelease = '4.1'
export type SparkRelease = (typeof sparkReleases)[number]

export const keyTypes = ['boolean', 'bytes', 'choice', 'double', 'integer', 'list', 'string', 'time'] as const
export type KeyType = (typeof keyTypes)[number]

/** A key in Spark's own registry. Generated from releases, never edited by hand. */
export interface SparkKey {
  readonly type: KeyType
  /** The unit of a number without a unit: b, KiB, MiB, GiB; ns, us, ms, s, min. Not set if there is none. */
  readonly unit?: string
  readonly choices?: readonly string[]
  /** Whether the choices are accepted in upper and lower case. */
  readonly anyCase?: boolean
  /** As the newest release with the key prints it. For a removed key, the only value that is still accepted. */
  readonly default?: string
  /** The default of the release before it was changed. */
  readonly previously?: string
  /** The key that Spark reads if this one is not set. */
  readonly fallback?: string
  /** Minimum and maximum in `unit`. `>0` and `<1` are exclusive bounds. */
  readonly min?: string
  readonly max?: string
  readonly since?: string
  /** The newest release in the table that has the key. Set only if a later release does not have it. */
  readonly last?: SparkRelease
  /** Whether Spark does not document the key. */
  readonly internal?: boolean
  /** First version in which the key is deprecated. */
  readonly deprecated?: string
  readonly replacement?: string
  /** First version in which Spark SQL rejects any value other than the default. */
  readonly removed?: string
}

const keys: ReadonlyMap<string, SparkKey> = new Map(Object.entries(table as Readonly<Record<string, SparkKey>>))

/** The row of a key. Undefined if no release registers the key, which may then belong to a library. */
export function findSparkKey(key: string): SparkKey | undefined {
  return keys.get(key)
}

/** Keys to suggest: documented, and neither deprecated nor removed. */
export function sparkKeys(): readonly string[] {
  return suggested
}

const suggested = [...keys].flatMap(([key, row]) =>
  row.internal === true || row.deprecated !== undefined || row.removed !== undefined || row.last !== undefined
    ? []
    : [key],
)
