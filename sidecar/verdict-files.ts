import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { verdictFiles } from '../core/contract/pod-contract.ts'
import { formatRestartState, parseRestartState, type RestartState } from './restart-state.ts'

/** What the probes shall find; each text is the content of its file, null no file. */
export interface VerdictFileContents {
  readonly starting: string | null
  readonly hung: string | null
  readonly ready: string | null
}

/** The verdict volume. Methods throw what the file system throws. */
export interface VerdictFiles {
  /** Removes what an earlier run left but the memory; also proves that the volume can be written. */
  clear(): void
  /** Bad files go before others come: a probe never sees `starting` and `hung` of the same verdict at once. */
  write(texts: VerdictFileContents): void
  /** Whether the startup probe has left its mark. */
  hasDriverMark(): boolean
  removeDriverMark(): void
  readRestartState(): RestartState
  writeRestartState(memory: RestartState): void
}

export function openVerdictFiles(dir: string): VerdictFiles {
  const path = (name: string) => join(dir, name)
  const shown = new Map<string, string | null>()
  const remove = (name: string) => {
    rmSync(path(name), { force: true })
    shown.set(name, null)
  }
  const write = (name: string, text: string) => {
    // Whole or not at all: a reader never sees half a file.
    const temporary = path(`.${name}.tmp`)
    writeFileSync(temporary, text)
    renameSync(temporary, path(name))
    shown.set(name, text)
  }
  return {
    clear() {
      remove(verdictFiles.hung)
      remove(verdictFiles.starting)
      remove(verdictFiles.ready)
      write('.writable', '')
      remove('.writable')
    },
    write(texts) {
      const names = ['hung', 'starting', 'ready'] as const
      const changed = names.filter((name) => shown.get(name) !== texts[name])
      for (const name of changed) if (texts[name] === null) remove(verdictFiles[name])
      for (const name of changed) {
        const text = texts[name]
        if (text !== null) write(verdictFiles[name], text)
      }
    },
    hasDriverMark: () => existsSync(path(verdictFiles.running)),
    removeDriverMark: () => remove(verdictFiles.running),
    readRestartState() {
      try {
        return parseRestartState(readFileSync(path(verdictFiles.restartState), 'utf8'))
      } catch {
        return parseRestartState(undefined)
      }
    },
    writeRestartState: (memory) => write(verdictFiles.restartState, formatRestartState(memory)),
  }
}

/** Takes back what can kill or hold back, as well as it can. For the end of a sidecar that has failed. */
export function removeBadFiles(dir: string): void {
  for (const name of [verdictFiles.hung, verdictFiles.starting]) {
    try {
      rmSync(join(dir, name), { force: true })
    } catch {
      // There is nothing left to try.
    }
  }
}
