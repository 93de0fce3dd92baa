import { closeSync, constants, fstatSync, openSync, readSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type BlackBoxNumber, formatBlackBoxFile, maxBlackBoxBytes } from '../core/contract/pod-contract.ts'

/** The black boxes in the verdict volume. */
export interface BlackBoxFiles {
  /** The first `maxBytes` of a black box; null if there is none. Never throws. */
  read(number: BlackBoxNumber, maxBytes?: number): string | null
  /** Throws what the file system throws. */
  write(number: BlackBoxNumber, text: string): void
}

export function openBlackBoxFiles(dir: string): BlackBoxFiles {
  const path = (number: BlackBoxNumber) => join(dir, formatBlackBoxFile(number))
  return {
    read: (number, maxBytes = maxBlackBoxBytes) => readStart(path(number), maxBytes),
    write(number, text) {
      const temporary = join(dir, `.${formatBlackBoxFile(number)}.tmp`)
      rmSync(temporary, { force: true })
      // Fails if the name exists again, because a link must not be followed and a pipe would block.
      writeFileSync(temporary, text, { flag: 'wx' })
      renameSync(temporary, path(number))
    },
  }
}

/**
 * The start of a file that another container may have replaced by anything: a pipe must not block the sidecar, and a link or
 * a device must not be followed.
 */
function readStart(path: string, maxBytes: number): string | null {
  let file: number | undefined
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    const stats = fstatSync(file)
    if (!stats.isFile()) return null
    const bytes = Buffer.alloc(Math.min(stats.size, maxBytes))
    return bytes.toString('utf8', 0, readSync(file, bytes))
  } catch {
    return null
  } finally {
    if (file !== undefined) closeSync(file)
  }
}
