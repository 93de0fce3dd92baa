import { styleText } from 'node:util'
import type { CliIo } from '../io/cli-io.ts'

/** Colours of a text on standard output, or none. */
export interface Style {
  green(text: string): string
  yellow(text: string): string
  red(text: string): string
  bold(text: string): string
  dim(text: string): string
}

/** Colours only where a person looks and has not said no: --no-color (`color` is false), NO_COLOR (no-color.org), TERM=dumb. */
export function createStyle({ env, isTerminal }: Pick<CliIo, 'env' | 'isTerminal'>, color: boolean): Style {
  const wanted = color && isTerminal.stdout && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb'
  const style = (format: keyof Style) => (text: string) =>
    wanted && text !== '' ? styleText(format, text, { validateStream: false }) : text
  return { green: style('green'), yellow: style('yellow'), red: style('red'), bold: style('bold'), dim: style('dim') }
}
