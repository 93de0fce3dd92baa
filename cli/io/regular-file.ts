import { constants } from 'node:fs'
import { open } from 'node:fs/promises'

/**
 * Streams a regular file, up to the size that it has at the start. Rejects like `fs.open`, with ELOOP for a link, and with an
 * error for anything else: a pipe would block, a device may have no end, and a link may name a file of the user.
 */
export async function* readRegularFile(path: string): AsyncGenerator<Uint8Array> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const stats = await file.stat()
    if (!stats.isFile()) throw new Error('not a regular file')
    if (stats.size > 0) yield* file.createReadStream({ end: stats.size - 1, highWaterMark: 1 << 18, autoClose: false })
  } finally {
    await file.close()
  }
}
