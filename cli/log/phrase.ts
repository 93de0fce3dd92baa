/**
 * A pattern for a log line or a message: literal text, `…` for any text, `{name}` for any text that is captured, `{+name}` for
 * a capture that begins with the literal before it, and a leading `^` for the start of the text. It is not a regular expression. Each literal is searched for once, after the
 * previous one, so that matching always takes time linear in the length of the text.
 */
export interface Phrase {
  readonly text: string
  readonly anchored: boolean
  readonly pieces: readonly Piece[]
}

interface Piece {
  /** Name of the capture before the literal, or undefined if that text is not captured. */
  readonly capture: string | undefined
  /** Number of characters before the text that the capture includes: the literal before it, or 0. */
  readonly lead: number
  /** Empty only in the last piece, whose capture extends to the end of the text. */
  readonly literal: string
}

export type Captures = Readonly<Record<string, string>>

/** Maximum length of a capture in UTF-16 units. Longer captures are truncated. */
const maxCaptureLength = 300

/** Throws an Error for a phrase without literals, which would match any text: a bug in a rule. */
export function parsePhrase(text: string): Phrase {
  const anchored = text.startsWith('^')
  const pieces: Piece[] = []
  let capture: string | undefined
  let lead = 0
  const parts = text.slice(anchored ? 1 : 0).split(/(…|\{\+?[a-z][A-Za-z]*\})/)
  parts.forEach((part, index) => {
    if (index % 2 === 1) {
      capture = part === '…' ? undefined : part.slice(1, -1).replace('+', '')
      lead = part.startsWith('{+') ? (pieces.at(-1)?.literal.length ?? 0) : 0
    } else if (part !== '') {
      pieces.push({ capture, lead, literal: part })
      capture = undefined
      lead = 0
    }
  })
  if (pieces.length === 0) throw new Error(`a phrase without text: ${text}`)
  if (capture !== undefined) pieces.push({ capture, lead, literal: '' })
  return { text, anchored, pieces }
}

/** Returns the captured texts, or undefined if the text does not match. */
export function matchPhrase({ anchored, pieces }: Phrase, text: string): Captures | undefined {
  const first = pieces[0]
  if (first === undefined) return undefined
  const leads = anchored && first.capture === undefined
  if (leads ? !text.startsWith(first.literal) : !text.includes(first.literal)) return undefined
  const captures: Record<string, string> = {}
  let end = 0
  for (const { capture, lead, literal } of pieces) {
    const at = literal === '' ? text.length : text.indexOf(literal, end)
    if (at < 0) return undefined
    if (capture !== undefined)
      captures[capture] = trimCapture(text.slice(end - lead, Math.min(at, end + maxCaptureLength)))
    end = at + literal.length
  }
  return captures
}

/** Removes the punctuation at the end. */
const trimCapture = (text: string) => text.trim().replace(/[.,;]$/, '')

/** Replaces each `{name}` in the template. Returns undefined if a value is unknown or empty. */
export function fillTemplate(template: string, values: Captures): string | undefined {
  let complete = true
  const text = template.replace(/\{([a-z][A-Za-z]*)\}/g, (_whole, name: string) => {
    const value = values[name]
    if (value === undefined || value === '') complete = false
    return value ?? ''
  })
  return complete ? text : undefined
}
