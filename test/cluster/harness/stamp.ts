import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

// The name is relative, so that two checkouts of the project share what is built.
const addPath = (hash: ReturnType<typeof createHash>, path: string, name: string): void => {
  if (!existsSync(path)) return
  if (statSync(path).isDirectory()) {
    for (const entry of readdirSync(path).sort()) addPath(hash, join(path, entry), `${name}/${entry}`)
    return
  }
  hash.update(`\0${name}\0`).update(readFileSync(path))
}

/** A hash over a recipe (any texts) and the contents of files and folders. Missing files count as absent. */
export const contentHash = (recipe: readonly string[], paths: readonly string[] = []): string => {
  const hash = createHash('sha256').update(recipe.join('\0'))
  for (const path of paths) addPath(hash, path, basename(path))
  return hash.digest('hex').slice(0, 32)
}

/** Runs `make` unless `outputs` exist and were built with the same `hash`. Logs which was the case. */
export const once = async (
  stampFile: string,
  hash: string,
  outputs: readonly string[],
  make: () => Promise<void>,
): Promise<boolean> => {
  const stamped = existsSync(stampFile) ? readFileSync(stampFile, 'utf8').trim() : ''
  if (stamped === hash && outputs.every((path) => existsSync(path))) return false
  // An interrupted build must not look finished.
  rmSync(stampFile, { force: true })
  mkdirSync(dirname(stampFile), { recursive: true })
  await make()
  writeFileSync(stampFile, `${hash}\n`)
  return true
}
