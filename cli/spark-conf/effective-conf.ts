import type { Language } from './spark-memory.ts'
import type { SparkVersion } from './spark-version.ts'

/** Where a value was written, for whoever has to change it. */
export interface ConfEntry {
  readonly value: string
  /** A file's name, `SparkApplication NAME`, `ConfigMap NAME`, … */
  readonly source: string
  /** Of an object: `spec.driver.memory`, `spec.sparkConf`; of a command line the flag; else null. */
  readonly field: string | null
  /** Of a file, from 1; null where it is not known. */
  readonly line: number | null
}

/** The configuration that Spark starts from, each value with its source. */
export interface EffectiveConf {
  readonly entries: ReadonlyMap<string, ConfEntry>
  /** Values that another one outweighs. */
  readonly outweighed: readonly OverriddenEntry[]
  readonly language: Language
  /** Undefined: not known. */
  readonly sparkVersion: SparkVersion | undefined
}

export interface OverriddenEntry {
  readonly key: string
  readonly loser: ConfEntry
  readonly winner: ConfEntry
}

/** Where a value stands. */
export interface ConfPlace {
  readonly source: string
  readonly field?: string | null
  readonly line?: number | null
}

/** Collects values, the later one over the earlier one. */
export interface ConfBuilder {
  set(key: string, value: string, place: ConfPlace): void
  build(language: Language, sparkVersion: SparkVersion | undefined): EffectiveConf
}

export function createConfBuilder(): ConfBuilder {
  const entries = new Map<string, ConfEntry>()
  const outweighed: OverriddenEntry[] = []
  return {
    set: (key, value, { source, field = null, line = null }) => {
      const winner = { value, source, field, line }
      const loser = entries.get(key)
      if (loser !== undefined && loser.value !== value) outweighed.push({ key, loser, winner })
      entries.set(key, winner)
    },
    build: (language, sparkVersion) => ({ entries, outweighed, language, sparkVersion }),
  }
}

/** A key's value, or undefined. */
export const createConfLookup =
  ({ entries }: Pick<EffectiveConf, 'entries'>) =>
  (key: string): string | undefined =>
    entries.get(key)?.value
