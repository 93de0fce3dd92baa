import type { CliIo } from '../io/cli-io.ts'

/** Shows the current step on one line of the terminal. */
export interface Progress {
  show(text: string): void
  /** Removes the line. Call it before any other output. */
  clear(): void
}

/** Writes to standard error, and only if it is a terminal. */
export function createProgress({
  env,
  isTerminal,
  showStatus,
}: Pick<CliIo, 'env' | 'isTerminal' | 'showStatus'>): Progress {
  if (!isTerminal.stderr || env.TERM === 'dumb') return { show: () => {}, clear: () => {} }
  let shown = false
  return {
    show: (text) => {
      shown = true
      showStatus(text)
    },
    clear: () => {
      if (shown) showStatus(null)
      shown = false
    },
  }
}
