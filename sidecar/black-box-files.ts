import { join } from 'node:path'
import { type BlackBoxNumber, formatBlackBoxFile, maxBlackBoxBytes } from '../core/contract/pod-contract.ts'
import { readSharedFile, writeSharedFile } from './shared-file.ts'

/** The black boxes in the verdict volume. */
export interface BlackBoxFiles {
  /** The first `maxBytes` of a black box; null if there is none. Never throws. */
  read(number: BlackBoxNumber, maxBytes?: number): string | null
  /** Throws what the file system throws. */
  write(number: BlackBoxNumber, text: string): void
}

export function openBlackBoxFiles(dir: string): BlackBoxFiles {
  return {
    read: (number, maxBytes = maxBlackBoxBytes) =>
      readSharedFile(join(dir, formatBlackBoxFile(number)), maxBytes)?.text ?? null,
    write: (number, text) => writeSharedFile(dir, formatBlackBoxFile(number), text),
  }
}
