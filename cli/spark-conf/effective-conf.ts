import type { Language } from './spark-memory.ts'
import type { SparkVersion } from './spark-version.ts'

/** The place where a value is set. */
export interface ConfEntry {
  readonly value: string
  /** Name of the file, `SparkApplication NAME`, `ConfigMap NAME`, … */
  readonly source: string
  /** The field of an object, such as `spec.driver.memory` or `spec.sparkConf`, or the flag of a command. Otherwise null. */
  readonly field: string | null
  /** Line number in a file, starting at 1. Null if it is unknown. */
  readonly line: number | null
}

/** The configuration with which Spark starts, each value with its source. */
export interface EffectiveConf {
  readonly entries: ReadonlyMap<string, ConfEntry>
  /** Values that another value overrides. */
  readonly overridden: readonly OverriddenEntry[]
  readonly language: Language
  /** Undefined if it is unknown. */
  readonly sparkVersion: SparkVersion | undefined
}

export interface OverriddenEntry {
  readonly key: string
  readonly loser: ConfEntry
  readonly winner: ConfEntry
}

/** The place of a value, as passed to the builder. */
export interface ConfPlace {
  readonly source: string
  readonly field?: string | null
  readonly line?: number | null
}

/** Collects values. A later value overrides an earlier one. */
export interface ConfBuilder {
  set(key: string, value: string, place: ConfPlace): void
  build(language: Language, sparkVersion: SparkVersion | undefined): EffectiveConf
}

export function createConfBuilder(): ConfBuilder {
  const entries = new Map<string, ConfEntry>()
  const overridden: OverriddenEntry[] = []
  return {
    set: (key, value, { source, field = null, line = null }) => {
      const winner = { value, source, field, line }
      const loser = entries.get(key)
      if (loser !== undefined && loser.value !== value) overridden.push({ key, loser, winner })
      entries.set(key, winner)
    },
    build: (language, sparkVersion) => ({ entries, overridden, language, sparkVersion }),
  }
}

/** Returns the value of a key, or undefined. */
export const createConfLookup =
  ({ entries }: Pick<EffectiveConf, 'entries'>) =>
  (key: string): string | undefined =>
    entries.get(key)?.value
