import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { type Ran, runCli } from '../../run-cli.ts'

/** Runs `diagnose` on a directory on disk. */
export function runDiagnoseOn(dir: string, ...args: readonly string[]): Promise<Ran> {
  return runCli(['diagnose', '--bundle', dir, ...args], {}, '', {
    readFile: (path) => readFile(path, 'utf8'),
    readBytes: (path) => createReadStream(path),
  })
}
