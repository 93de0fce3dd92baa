import { lstatSync, rmSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import { verdictFiles } from '../core/contract/pod-contract.ts'
import { maxRecordBytes, parseProcessRecord, type RecordedProcesses } from '../core/linux/process-record.ts'
import { formatRestartState, parseRestartState, type RestartState } from './restart-state.ts'
import { readSharedFile, writeSharedFile } from './shared-file.ts'

/** The content of each file that the probes look for; null if the file must not exist. */
export interface VerdictFileContents {
  readonly starting: string | null
  readonly hung: string | null
  readonly ready: string | null
  readonly doubt: string | null
}

/** The start of the driver container's main process: not recorded yet, at an unknown time, or at `ticks` since boot. */
export type DriverStart =
  | { readonly kind: 'none' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'known'; readonly ticks: string }

export interface AgedProcessRecord {
  readonly record: RecordedProcesses
  /** When it was written, by the wall clock: identifies the record. */
  readonly writtenMs: number
  readonly ageMs: number
}

/** One byte more than a record may have, so that one that is too long is not taken for a whole one. */
const maxReadBytes = maxRecordBytes + 1

/** So many incomplete records in a row are not found while a probe writes: the volume may be full. */
const minIncompleteReads = 3

/** The files in the verdict volume, all of which the driver may have replaced by anything. All methods throw what the file system throws. */
export interface VerdictFiles {
  /** Removes the files of an earlier run except the restart state, and proves that the volume is writable. */
  clear(): void
  /**
   * Removes files before it writes others, so that a probe never finds `starting` and `hung` together. A file that the driver
   * removed is written again, and one that it created is removed: only this sidecar decides what the probes find.
   */
  write(contents: VerdictFileContents): void
  /** What a probe in the driver container wrote last about its main process. */
  readDriverStart(): DriverStart
  /**
   * The last complete record of the probes; null if there is none. Its age is the time since it was written, by the wall
   * clock. A record that a probe is writing at this moment does not replace an earlier one.
   */
  readProcessRecord(nowMs: number): AgedProcessRecord | null
  /**
   * Treats the present record as absent from now on. The file itself may have to stay: the volume has the sticky bit, so that
   * the sidecar cannot remove what the driver's user wrote.
   */
  forgetDriverStart(): void
  readRestartState(): RestartState
  writeRestartState(state: RestartState): void
}

/** `writeFile` is a parameter so that a test can have a full volume. */
export function openVerdictFiles(dir: string, writeFile = writeSharedFile): VerdictFiles {
  const path = (name: string) => join(dir, name)
  const written = new Map<string, string | null>()
  const records = createRecordReader(path(verdictFiles.processes))
  const remove = (name: string) => {
    rmSync(path(name), { force: true })
    written.set(name, null)
  }
  const write = (name: string, text: string) => {
    writeFile(dir, name, text)
    written.set(name, text)
  }
  /**
   * Whether the driver has removed the file that was written, or has put something in its place. A file that cannot be looked at
   * may be anything, and must not keep the others from being written.
   */
  const isForeign = (name: keyof VerdictFileContents, text: string | null): boolean => {
    const stats = lookAt(path(verdictFiles[name]))
    if (stats === 'unknown') return true
    return text === null ? stats !== undefined : stats?.isFile() !== true || stats.size !== Buffer.byteLength(text)
  }
  return {
    clear() {
      remove(verdictFiles.hung)
      remove(verdictFiles.starting)
      remove(verdictFiles.ready)
      remove(verdictFiles.doubt)
      write('.writable', '')
      remove('.writable')
    },
    write(contents) {
      const names = ['hung', 'starting', 'ready', 'doubt'] as const
      const changed = names.filter((name) => written.get(name) !== contents[name] || isForeign(name, contents[name]))
      const errors: unknown[] = []
      // A file that cannot be removed must not keep the others from being written.
      const attempt = (effect: () => void) => {
        try {
          effect()
        } catch (error) {
          errors.push(error)
        }
      }
      for (const name of changed) if (contents[name] === null) attempt(() => remove(verdictFiles[name]))
      for (const name of changed) {
        const text = contents[name]
        if (text !== null) attempt(() => write(verdictFiles[name], text))
      }
      if (errors.length > 0) throw errors[0]
    },
    readDriverStart: () => records.driverStart(),
    readProcessRecord: (nowMs) => records.latest(nowMs),
    forgetDriverStart: () => records.forget(),
    readRestartState() {
      return parseRestartState(readSharedFile(path(verdictFiles.restartState), maxReadBytes)?.text)
    },
    writeRestartState: (state) => write(verdictFiles.restartState, formatRestartState(state)),
  }
}

/** Undefined if there is no file. Never throws. */
function lookAt(path: string): Stats | undefined | 'unknown' {
  try {
    return lstatSync(path, { throwIfNoEntry: false })
  } catch {
    return 'unknown'
  }
}

/** Reads the records of the probes, and remembers the last complete one. */
function createRecordReader(path: string) {
  let last: { readonly record: RecordedProcesses; readonly writtenMs: number; readonly bytes: number } | null = null
  let incompleteReads = 0
  /** The file that was forgotten, by the time and the size of its last write. */
  let forgotten: { readonly modifiedMs: number; readonly bytes: number } | null = null

  /** Whether the file still is the one that was read last. The probe writes every few seconds, and each poll asks twice. */
  function isUnchanged(): boolean {
    if (last === null || incompleteReads > 0) return false
    const stats = lookAt(path)
    if (stats === undefined || stats === 'unknown') return false
    return stats.isFile() && stats.mtimeMs === last.writtenMs && stats.size === last.bytes
  }

  /** Whether there is a file. */
  function read(): boolean {
    if (isUnchanged()) return true
    const file = readSharedFile(path, maxReadBytes)
    if (file === null || (file.modifiedMs === forgotten?.modifiedMs && file.bytes === forgotten.bytes)) {
      last = null
      incompleteReads = 0
      return false
    }
    const record = parseProcessRecord(file.text)
    incompleteReads = record === undefined ? incompleteReads + 1 : 0
    if (record !== undefined) last = { record, writtenMs: file.modifiedMs, bytes: file.bytes }
    return true
  }

  return {
    driverStart(): DriverStart {
      if (!read()) return { kind: 'none' }
      if (last === null) return { kind: incompleteReads < minIncompleteReads ? 'none' : 'unknown' }
      const { mainStartTicks } = last.record
      return mainStartTicks === null ? { kind: 'unknown' } : { kind: 'known', ticks: mainStartTicks }
    },
    latest(nowMs: number): AgedProcessRecord | null {
      read()
      if (last === null) return null
      const { record, writtenMs } = last
      return { record, writtenMs, ageMs: Math.max(0, nowMs - writtenMs) }
    },
    forget() {
      const file = readSharedFile(path, maxReadBytes)
      forgotten = file === null ? null : { modifiedMs: file.modifiedMs, bytes: file.bytes }
      last = null
      incompleteReads = 0
    },
  }
}

/** Removes the files that can stop or block the driver, and ignores errors. For a sidecar that has failed. */
export function removeBadFiles(dir: string): void {
  for (const name of [verdictFiles.hung, verdictFiles.starting]) {
    try {
      rmSync(join(dir, name), { force: true })
    } catch {
      // The file cannot be removed in any other way.
    }
  }
}
