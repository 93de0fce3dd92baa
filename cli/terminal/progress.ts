import type { CliIo } from '../io/cli-io.ts'

/** What is being done now, on one line of a terminal. */
export interface Progress {
  tell(text: string): void
  /** Takes the line away; before anything else is written. */
  clear(): void
}

const clearLine = '\r\u001b[2K'
/** A line that wraps could not be taken away again. */
const maxColumns = 79

/** On standard error, and only where a person looks: nothing in a pipe. */
export function createProgress({ env, isTerminal, stderr }: Pick<CliIo, 'env' | 'isTerminal' | 'stderr'>): Progress {
  if (!isTerminal.stderr || env.TERM === 'dumb') return { tell: () => {}, clear: () => {} }
  let shown = false
  return {
    tell: (text) => {
      shown = true
      stderr(`${clearLine}${text.length <= maxColumns ? text : `${text.slice(0, maxColumns - 1)}…`}`)
    },
    clear: () => {
      if (shown) stderr(clearLine)
      shown = false
    },
  }
}
