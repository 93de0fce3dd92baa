import { join } from 'node:path'
import { parseProperties } from '../core/spark/properties.ts'
import { readSharedFile } from './shared-file.ts'

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
  const file = readSharedFile(path, maxBytes, 'follow')
  return file !== null && file.bytes <= maxBytes ? parseProperties(file.text) : null
}
