import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** Compares a text with a file of test/golden, or renews it when UPDATE_GOLDEN is 1. */
export async function assertGoldenText(path: string, text: string): Promise<void> {
  const file = join(import.meta.dirname, '../golden', path)
  if (process.env.UPDATE_GOLDEN === '1') {
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, text)
  }
  assert.equal(text, await readFile(file, 'utf8').catch(() => ''), `${path}: UPDATE_GOLDEN=1 renews it`)
}
