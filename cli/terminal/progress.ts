import type { CliIo } from '../io/cli-io.ts'

/** Shows the current step on one line of the terminal. */
export interface Progress {
  show(text: string): void
  /** Removes the line. Call it before any other output. */
  clear(): void
}

const clearLine = '\r\u001b[2K'
/** A line that wraps cannot be cleared. */
const maxColumns = 79

/** Writes to standard error, and only if it is a terminal. */
export function createProgress({ env, isTerminal, stderr }: Pick<CliIo, 'env' | 'isTerminal' | 'stderr'>): Progress {
  if (!isTerminal.stderr || env.TERM === 'dumb') return { show: () => {}, clear: () => {} }
  let shown = false
  return {
    show: (text) => {
      shown = true
      stderr(`${clearLine}${text.length <= maxColumns ? text : `${text.slice(0, maxColumns - 1)}…`}`)
    },
    clear: () => {
      if (shown) stderr(clearLine)
      shown = false
    },
  }
}
