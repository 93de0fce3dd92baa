import { join } from 'node:path'
import { toRecord } from '../../core/json.ts'
import { type Evidence, listUnknowns } from '../evidence/evidence.ts'
import type { CliIo } from '../io/cli-io.ts'
import { UsageError } from '../options/usage-error.ts'
import type { CollectedLog } from './collect-log.ts'
import { bundleNoteFile, type DocumentName, type Documents, documentFiles, logFiles } from './documents.ts'

/**
 * Creates the directory of a bundle before any request to the cluster. A directory that contains files is rejected,
 * because they would be read as evidence about this driver, and other users might have access to the directory.
 */
export async function prepareBundle(dir: string, io: CliIo): Promise<void> {
  await io.makePrivateFolder(dir).catch((error: unknown) => refuse(dir, error))
}

function refuse(dir: string, error: unknown): never {
  const { code, message } = toRecord(error)
  if (code === 'ENOTEMPTY') {
    throw new UsageError(`--save ${dir}: the directory is not empty; specify a new or empty directory`)
  }
  throw new UsageError(`--save ${dir}: cannot write: ${error instanceof Error ? message : String(error)}`)
}

/** Writes a bundle from which `--bundle` produces the same findings. Everything in it is redacted. */
export async function saveBundle(
  dir: string,
  version: string,
  evidence: Evidence,
  documents: Documents,
  [log, previousLog]: readonly [CollectedLog, CollectedLog],
  io: CliIo,
): Promise<void> {
  const files: (readonly [string, string])[] = []
  for (const [name, file] of Object.entries(documentFiles)) {
    const reading = documents[name as DocumentName]
    if (reading.kind !== 'read') continue
    files.push([
      file,
      typeof reading.value === 'string' ? reading.value : `${JSON.stringify(reading.value, null, 2)}\n`,
    ])
  }
  if (log.saved !== null) files.push([logFiles.log, log.saved.text()])
  if (previousLog.saved !== null) files.push([logFiles.previousLog, previousLog.saved.text()])
  const note = {
    collectedAt: new Date(evidence.collectedMs).toISOString(),
    collectedBy: `spark-nanny ${version}`,
    subject: evidence.subject,
    unknown: listUnknowns(evidence),
  }
  files.push([bundleNoteFile, `${JSON.stringify(note, null, 2)}\n`])
  for (const [file, text] of files) {
    await io.writePrivateFile(join(dir, file), text).catch((error: unknown) => refuse(dir, error))
  }
}
