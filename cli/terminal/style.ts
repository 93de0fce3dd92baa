import { styleText } from 'node:util'
import type { CliIo } from '../io/cli-io.ts'

/** Formats text for standard output, or returns it unchanged if colors are off. */
export interface Style {
  green(text: string): string
  yellow(text: string): string
  red(text: string): string
  bold(text: string): string
  dim(text: string): string
}

/** Uses colors only on a terminal. Disabled by --no-color (`color` is false), NO_COLOR (no-color.org) and TERM=dumb. */
export function createStyle({ env, isTerminal }: Pick<CliIo, 'env' | 'isTerminal'>, color: boolean): Style {
  const wanted = color && isTerminal.stdout && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb'
  const style = (format: keyof Style) => (text: string) =>
    wanted && text !== '' ? styleText(format, text, { validateStream: false }) : text
  return { green: style('green'), yellow: style('yellow'), red: style('red'), bold: style('bold'), dim: style('dim') }
}
