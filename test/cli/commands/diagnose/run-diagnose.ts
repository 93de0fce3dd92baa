import { readRegularFile } from '../../../../cli/io/regular-file.ts'
import { type Ran, runCli } from '../../run-cli.ts'

/** Runs `diagnose` on a directory on disk. */
export function runDiagnoseOn(dir: string, ...args: readonly string[]): Promise<Ran> {
  return runCli(['diagnose', '--bundle', dir, ...args], {}, '', {
    readBytes: readRegularFile,
  })
}
