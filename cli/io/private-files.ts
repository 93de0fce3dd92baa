import { chmod, mkdir, open, readdir } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Creates a folder and its parents, or uses an existing empty folder. Regardless of the umask, only the owner can read it.
 * Rejects like `fs.mkdir`, and with ENOTEMPTY if the folder contains files.
 */
export async function makePrivateFolder(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const isNew = await mkdir(path, { mode: 0o700 }).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return false
      throw error
    },
  )
  if (!isNew && (await readdir(path)).length > 0) {
    throw Object.assign(new Error(`the folder is not empty: ${path}`), { code: 'ENOTEMPTY' })
  }
  await chmod(path, 0o700)
}

/**
 * Writes a new file that only its owner can read, regardless of the umask. Rejects like `fs.open`, with EEXIST if a file or
 * link of that name exists.
 */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    // The umask may have removed permissions of the owner.
    await file.chmod(0o600)
    await file.writeFile(text)
  } finally {
    await file.close()
  }
}
