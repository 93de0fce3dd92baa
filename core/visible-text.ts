/**
 * Characters that change how a terminal or a reader sees the text around them, or that cannot be seen: control characters,
 * line and paragraph separators, bidirectional marks, zero-width and other ignorable characters, and halves of a surrogate
 * pair. A tab is not among them: it only moves to the right.
 */
const deceptive = /[^\P{Cc}\t]|[\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu

/** Whether the text contains a character that {@link toVisible} would escape. */
export const hasInvisible = (text: string): boolean => text.search(deceptive) >= 0

/**
 * Untrusted text for one line of output: each character that is invisible, ends a line or controls a terminal becomes its
 * escape, such as `\n`, `\u001b` or `\u{e0001}`. Text without such characters is returned unchanged. Linear in its length.
 */
export const toVisible = (text: string): string => text.replace(deceptive, escapeCharacter)

/** As {@link toVisible}, for text in several lines: `\n` stays. */
export const toVisibleLines = (text: string): string =>
  text.replace(deceptive, (character) => (character === '\n' ? character : escapeCharacter(character)))

/** As {@link toVisible}, with at most `maxLength` UTF-16 units; `…` marks what was cut off. */
export function toVisibleLine(text: string, maxLength: number): string {
  // An escape is longer than its character, so that what is cut here cannot be part of the result.
  const visible = toVisible(text.slice(0, maxLength + 1))
  return visible.length <= maxLength ? visible : `${visible.slice(0, maxLength - 1)}…`
}

/** As {@link toVisible}, for text in which a backslash starts an escape of four or eight digits: JSON, or YAML in quotes. */
export const escapeInvisible = (text: string, format: 'json' | 'yaml'): string =>
  text.replace(deceptive, (character) => {
    if (character === '\n') return character
    const point = character.codePointAt(0) ?? 0
    if (point <= 0xffff) return `\\u${toHex(point, 4)}`
    if (format === 'yaml') return `\\U${toHex(point, 8)}`
    return [...Array(character.length).keys()].map((unit) => `\\u${toHex(character.charCodeAt(unit), 4)}`).join('')
  })

function escapeCharacter(character: string): string {
  const short = { '\n': '\\n', '\r': '\\r' }[character]
  if (short !== undefined) return short
  const point = character.codePointAt(0) ?? 0
  return point <= 0xffff ? `\\u${toHex(point, 4)}` : `\\u{${toHex(point, 1)}}`
}

const toHex = (point: number, digits: number) => point.toString(16).padStart(digits, '0')
