import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { parseProperties } from '../core/spark/properties.ts'

/** A ConfigMap holds at most 1 MiB. A longer file is another volume's, and is not read. */
const maxBytes = 1024 ** 2

/**
 * The properties of the files in `dir`, of which the first takes precedence. Null until one of them exists: Spark creates
 * its ConfigMap after the pod.
 */
export function readPropertiesFiles(dir: string, names: readonly string[]): ReadonlyMap<string, string> | null {
  const files = names.flatMap((name) => readProperties(join(dir, name)) ?? [])
  return files.length === 0 ? null : new Map(files.toReversed().flatMap((properties) => [...properties]))
}

function readProperties(path: string): ReadonlyMap<string, string> | null {
  try {
    const stats = statSync(path)
    // Any volume of the pod may be shared. To open a pipe would block the sidecar.
    return stats.isFile() && stats.size <= maxBytes ? parseProperties(readFileSync(path, 'utf8')) : null
  } catch {
    return null
  }
}
