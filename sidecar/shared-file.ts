import { closeSync, constants, fstatSync, openSync, readSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A file of the verdict volume, which the driver's container can write to as well. */
export interface SharedFile {
  readonly text: string
  readonly modifiedMs: number
  /** The size of the whole file. */
  readonly bytes: number
}

/**
 * The first `maxBytes` of a file that another container may have replaced by anything: a pipe must not block the sidecar, and a
 * link or a device must not be followed. In other volumes, links to regular files may be followed: the kubelet mounts a
 * ConfigMap as links. Null if there is no regular file. Never throws.
 */
export function readSharedFile(
  path: string,
  maxBytes: number,
  links: 'refuse' | 'follow' = 'refuse',
): SharedFile | null {
  let file: number | undefined
  try {
    const noLinks = links === 'refuse' ? constants.O_NOFOLLOW : 0
    file = openSync(path, constants.O_RDONLY | noLinks | constants.O_NONBLOCK)
    const stats = fstatSync(file)
    if (!stats.isFile()) return null
    const bytes = Buffer.alloc(Math.min(stats.size, maxBytes))
    return { text: bytes.toString('utf8', 0, readSync(file, bytes)), modifiedMs: stats.mtimeMs, bytes: stats.size }
  } catch {
    return null
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

/** Replaces a file by a rename, so that no reader ever sees a part of it. Throws what the file system throws. */
export function writeSharedFile(dir: string, name: string, text: string): void {
  const temporary = join(dir, `.${name}.tmp`)
  rmSync(temporary, { force: true })
  // Fails if the name exists again, because a link must not be followed and a pipe would block.
  writeFileSync(temporary, text, { flag: 'wx' })
  renameSync(temporary, join(dir, name))
}
