import { join } from 'node:path'
import { toRecord } from '../../core/json.ts'
import { type Evidence, listUnknowns } from '../evidence/evidence.ts'
import type { CliIo } from '../io/cli-io.ts'
import { UsageError } from '../options/usage-error.ts'
import type { CollectedLog } from './collect-log.ts'
import { bundleNoteFile, type DocumentName, type Documents, documentFiles, logFiles } from './documents.ts'

/**
 * Makes the folder of a bundle, before anything is asked for it. A folder that holds files is refused: what they say
 * would be taken for this driver's, and what somebody else may read or has put there is no place for a bundle.
 */
export async function prepareBundle(dir: string, io: CliIo): Promise<void> {
  await io.makePrivateFolder(dir).catch((error: unknown) => refuse(dir, error))
}

function refuse(dir: string, error: unknown): never {
  const { code, message } = toRecord(error)
  if (code === 'ENOTEMPTY') {
    throw new UsageError(`--save ${dir}: there are files in it; name a folder that is empty or does not exist`)
  }
  throw new UsageError(`--save ${dir}: cannot be written: ${error instanceof Error ? message : String(error)}`)
}

/** Writes a bundle that gives the same findings again. All in it has been through the redactor. */
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
