import { toVisible } from '../../core/visible-text.ts'

/** One line for people. A plain text is untrusted: it is escaped when it is printed. */
export type Line = string | SafeLine

const content = Symbol('text for a terminal')

/** A line whose untrusted parts are escaped already, so that its colors are the program's own. Only this file creates one. */
export interface SafeLine {
  readonly [content]: string
}

/** Tag of a template: the line with each inserted text escaped. Text that is styled already is kept. */
export const line = (literals: TemplateStringsArray, ...values: readonly (Line | number)[]): SafeLine => ({
  [content]: literals.map((literal, index) => literal + renderLine(values[index] ?? '')).join(''),
})

/** Text with escape sequences of the program around it. The text itself is escaped before. */
export const paintLine = (text: Line, paint: (safe: string) => string): SafeLine => ({
  [content]: paint(renderLine(text)),
})

/** The characters of the line for the terminal or the file. They contain no line break. */
export const renderLine = (text: Line | number): string =>
  typeof text === 'object' ? text[content] : toVisible(String(text))
