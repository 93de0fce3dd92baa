import { styleText } from 'node:util'
import type { CliIo } from '../io/cli-io.ts'
import { type Line, paintLine, type SafeLine } from '../io/line.ts'

/** Formats text for standard output, without colors if they are off. The text is escaped in any case. */
export interface Style {
  green(text: Line): SafeLine
  yellow(text: Line): SafeLine
  red(text: Line): SafeLine
  bold(text: Line): SafeLine
  dim(text: Line): SafeLine
}

/** Uses colors only on a terminal. Disabled by --no-color (`color` is false), NO_COLOR (no-color.org) and TERM=dumb. */
export function createStyle({ env, isTerminal }: Pick<CliIo, 'env' | 'isTerminal'>, color: boolean): Style {
  const wanted = color && isTerminal.stdout && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb'
  const style = (format: keyof Style) => (text: Line) =>
    paintLine(text, (safe) => (wanted && safe !== '' ? styleText(format, safe, { validateStream: false }) : safe))
  return { green: style('green'), yellow: style('yellow'), red: style('red'), bold: style('bold'), dim: style('dim') }
}
