import { chmod, mkdir, open, readdir } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Makes a folder that only its owner may read, whatever the umask, and the ones that lead to it; or takes one that is
 * there and empty. Rejects as `fs.mkdir` does, with ENOTEMPTY when something lies in it.
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
    throw Object.assign(new Error(`there are files in it: ${path}`), { code: 'ENOTEMPTY' })
  }
  await chmod(path, 0o700)
}

/**
 * Writes a new file that only its owner may read, whatever the umask. Rejects as `fs.open` does, with EEXIST when there
 * is a file or a link of that name.
 */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    // The umask takes rights away from what was asked for, the owner's too.
    await file.chmod(0o600)
    await file.writeFile(text)
  } finally {
    await file.close()
  }
}
