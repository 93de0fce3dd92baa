import { hasInvisible } from './visible-text.ts'

declare const shellCommand: unique symbol

/**
 * A command line for a POSIX shell. Words that come from elsewhere, such as names of the cluster and texts of a log, are
 * quoted in it, so that none of them can start another command. Only this file creates one.
 */
export type ShellCommand = string & { readonly [shellCommand]: true }

/** A command line with placeholders: literal text, between the names of the values that are inserted. */
export interface CommandTemplate {
  readonly literals: readonly string[]
  readonly names: readonly string[]
}

/**
 * Parses a command line with `{placeholders}`. Throws an Error for a placeholder inside quotes, where a quoted value would
 * end the quotes: a bug in a rule.
 */
export function parseCommand(text: string): CommandTemplate {
  const parts = text.split(/\{([a-z][A-Za-z]*)\}/)
  const literals = parts.filter((_, index) => index % 2 === 0)
  literals.slice(0, -1).reduce((before, literal) => {
    const sofar = before + literal
    if (isInQuotes(sofar)) throw new Error(`a placeholder inside quotes: ${text}`)
    return sofar
  }, '')
  return { literals, names: parts.filter((_, index) => index % 2 === 1) }
}

/**
 * Fills in the values. A value that is unknown, or that cannot be a name where one is expected, becomes the placeholder in
 * capitals, which the user has to replace.
 */
export function fillCommand(
  { literals, names }: CommandTemplate,
  values: Readonly<Record<string, string>>,
): ShellCommand {
  const words = names.map((name) => {
    const value = values[name] ?? ''
    const isUsable = texts.has(name) ? value !== '' : objectName.test(value)
    return isUsable ? { value, otherwise: toPlaceholder(name) } : { value: toPlaceholder(name), otherwise: '' }
  })
  return join(literals, words)
}

/** Tag of a template: the command line in which each inserted value is quoted as one word, or as a part of one. */
export const command = (literals: TemplateStringsArray, ...values: readonly string[]): ShellCommand =>
  join(
    literals,
    values.map((value) => ({ value, otherwise: 'VALUE' })),
  )

/** A command line of several words, each of which is quoted. */
export const joinWords = (words: readonly string[]): ShellCommand => words.map(quoteWord).join(' ') as ShellCommand

/** One command line from several parts, with spaces between them. */
export const joinCommands = (parts: readonly ShellCommand[]): ShellCommand => parts.join(' ') as ShellCommand

/** The name of a placeholder as the user sees it: `{serviceAccount}` is SERVICE_ACCOUNT. */
export const toPlaceholder = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()

/** Placeholders for any text. All others are for names of Kubernetes objects. */
const texts: ReadonlySet<string> = new Set(['image'])

/** More than Kubernetes allows in any name of an object that commands use, but nothing that a shell or kubectl interprets. */
const objectName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$/

/** A word that would start with `-` is replaced by `otherwise`, because the program would read it as an option. */
function join(
  literals: readonly string[],
  words: readonly { readonly value: string; readonly otherwise: string }[],
): ShellCommand {
  const parts = literals.map((literal, index) => {
    const word = words[index]
    if (word === undefined) return literal
    const startsWord = index === 0 ? /(^|\s)$/.test(literal) : /\s$/.test(literal)
    return literal + (startsWord && word.value.startsWith('-') ? word.otherwise : quoteWord(word.value))
  })
  return parts.join('') as ShellCommand
}

/**
 * Quotes a word if it contains anything but harmless characters. Invisible characters are written as escapes in `$'…'` of
 * bash, zsh and POSIX 2024. A shell that does not know it gets a wrong word, but never two: no quote is left in it.
 */
function quoteWord(word: string): string {
  if (/^[\w@%+:,./-][\w@%+=:,./-]*$/.test(word)) return word
  if (!hasInvisible(word)) return `'${word.replaceAll("'", `'\\''`)}'`
  const escaped = Array.from(word, (character) =>
    character === "'" || character === '\\' || hasInvisible(character) ? toBytes(character) : character,
  )
  return `$'${escaped.join('')}'`
}

/** The bytes of the character as escapes, which do not depend on the locale. */
const toBytes = (character: string): string =>
  Array.from(new TextEncoder().encode(character), (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')

function isInQuotes(text: string): boolean {
  let quote = ''
  for (const character of text.replace(/\\./g, '')) {
    if (quote === '' && (character === "'" || character === '"')) quote = character
    else if (character === quote) quote = ''
  }
  return quote !== ''
}
