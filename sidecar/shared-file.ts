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

/**
 * Replaces a file by a rename, so that no reader ever sees a part of it. The driver may have planted at the temporary name what
 * this container cannot remove: a folder, or a file of another user. The second attempt has a name that it cannot know, and is
 * the last one, because the volume may also be full. Throws what the file system throws, and leaves no temporary file of its own.
 */
export function writeSharedFile(dir: string, name: string, text: string): void {
  try {
    replaceFile(join(dir, name), text, join(dir, `.${name}.tmp`))
  } catch {
    replaceFile(join(dir, name), text, join(dir, `.${name}.${Math.random().toString(36).slice(2)}.tmp`))
  }
}

function replaceFile(path: string, text: string, temporary: string): void {
  rmSync(temporary, { force: true })
  try {
    // Fails if the name exists again, because a link must not be followed and a pipe would block.
    writeFileSync(temporary, text, { flag: 'wx' })
    renameSync(temporary, path)
  } catch (error) {
    removeIfPossible(temporary)
    throw error
  }
}

function removeIfPossible(path: string): void {
  try {
    rmSync(path, { force: true })
  } catch {
    // The error of the write says more.
  }
}
