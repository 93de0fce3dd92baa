import { escapeInvisible, toVisible, toVisibleLine, toVisibleLines } from '../../core/visible-text.ts'
import { type Line, renderLine } from './line.ts'

/** What a command writes to standard output. */
export type Output =
  /** Text for people. */
  | { readonly kind: 'lines'; readonly lines: readonly Line[] }
  /** A document whose renderer has escaped the line breaks inside of fields, as its format demands. */
  | { readonly kind: 'json' | 'yaml' | 'markdown' | 'xml' | 'text'; readonly text: string }

/** The only way for a command to write text. */
export interface OutputIo {
  /** Writes to standard output. */
  stdout(output: Output): void
  /** Writes one line to standard error. Line breaks inside of it are escaped. */
  stderr(line: string): void
  /** Replaces the status on the last line of standard error, or removes it if `text` is null. */
  showStatus(text: string | null): void
}

/**
 * The characters of the output. Terminals and readers cannot be deceived by them: no control character but line breaks and
 * tabs, no bidirectional mark and no invisible character is left, except the colors of lines.
 */
export function formatOutput(output: Output): string {
  switch (output.kind) {
    case 'lines':
      return `${output.lines.map(renderLine).join('\n').trimEnd()}\n`
    case 'json':
    case 'yaml':
      return escapeInvisible(output.text, output.kind)
    case 'markdown':
    case 'xml':
    case 'text':
      return toVisibleLines(output.text)
  }
}

/** The JSON document of a value. */
export const jsonOutput = (value: unknown): Output => ({ kind: 'json', text: `${JSON.stringify(value, null, 2)}\n` })

const clearLine = '\r\u001b[2K'
/** A line that wraps cannot be cleared. */
const maxStatusColumns = 79

/** The only place where text leaves the command line. */
export function createOutput(write: { stdout(text: string): void; stderr(text: string): void }): OutputIo {
  return {
    stdout: (output) => write.stdout(formatOutput(output)),
    stderr: (text) => write.stderr(`${toVisible(text)}\n`),
    showStatus: (text) => write.stderr(text === null ? clearLine : clearLine + toVisibleLine(text, maxStatusColumns)),
  }
}
