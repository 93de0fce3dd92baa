import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { verdictFiles } from '../core/contract/pod-contract.ts'
import { formatRestartState, isTicks, parseRestartState, type RestartState } from './restart-state.ts'

/** The content of each file that the probes look for; null if the file must not exist. */
export interface VerdictFileContents {
  readonly starting: string | null
  readonly hung: string | null
  readonly ready: string | null
}

/** The start of the driver container's main process: not recorded yet, at an unknown time, or at `ticks` since boot. */
export type DriverStart =
  | { readonly kind: 'none' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'known'; readonly ticks: string }

/** The files in the verdict volume. All methods throw what the file system throws. */
export interface VerdictFiles {
  /** Removes the files of an earlier run except the restart state, and proves that the volume is writable. */
  clear(): void
  /** Removes files before it writes others, so that a probe never finds `starting` and `hung` together. */
  write(contents: VerdictFileContents): void
  /** What a probe in the driver container wrote last about its main process. */
  readDriverStart(): DriverStart
  removeDriverStart(): void
  readRestartState(): RestartState
  writeRestartState(state: RestartState): void
}

export function openVerdictFiles(dir: string): VerdictFiles {
  const path = (name: string) => join(dir, name)
  const written = new Map<string, string | null>()
  const remove = (name: string) => {
    rmSync(path(name), { force: true })
    written.set(name, null)
  }
  const write = (name: string, text: string) => {
    // Renamed into place, so that no reader ever sees a partial file.
    const temporary = path(`.${name}.tmp`)
    writeFileSync(temporary, text)
    renameSync(temporary, path(name))
    written.set(name, text)
  }
  return {
    clear() {
      remove(verdictFiles.hung)
      remove(verdictFiles.starting)
      remove(verdictFiles.ready)
      write('.writable', '')
      remove('.writable')
    },
    write(contents) {
      const names = ['hung', 'starting', 'ready'] as const
      const changed = names.filter((name) => written.get(name) !== contents[name])
      for (const name of changed) if (contents[name] === null) remove(verdictFiles[name])
      for (const name of changed) {
        const text = contents[name]
        if (text !== null) write(verdictFiles[name], text)
      }
    },
    readDriverStart() {
      const text = readShortFile(path(verdictFiles.running))
      if (text === null) return { kind: 'none' }
      const ticks = text.trim()
      return isTicks(ticks) ? { kind: 'known', ticks } : { kind: 'unknown' }
    },
    removeDriverStart: () => remove(verdictFiles.running),
    readRestartState() {
      return parseRestartState(readIfPresent(path(verdictFiles.restartState)) ?? undefined)
    },
    writeRestartState: (state) => write(verdictFiles.restartState, formatRestartState(state)),
  }
}

/**
 * The first bytes of a file that another container may have replaced by anything: a pipe must not block the sidecar, and a
 * link or a device must not be followed. Null if there is no regular file.
 */
function readShortFile(path: string): string | null {
  let file: number | undefined
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    if (!fstatSync(file).isFile()) return null
    const bytes = Buffer.alloc(32)
    return bytes.toString('latin1', 0, readSync(file, bytes))
  } catch {
    return null
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

function readIfPresent(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
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
