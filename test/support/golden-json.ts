import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Compares with a file of test/golden, or renews it when UPDATE_GOLDEN is 1. */
export function assertGolden(path: string, value: unknown): void {
  const file = join(import.meta.dirname, '../golden', path)
  const text = `${JSON.stringify(value, null, 2)}\n`
  if (process.env.UPDATE_GOLDEN === '1') {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  assert.deepEqual(value, JSON.parse(readFileSync(file, 'utf8')), `${path}: UPDATE_GOLDEN=1 renews it`)
}
