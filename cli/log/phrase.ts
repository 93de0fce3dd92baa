/**
 * What a log line or a message must hold, as it is written: literal text, `…` for whatever stands between, `{name}` for
 * the same when it is wanted afterwards, and a `^` in front for the beginning of the text. No regular expression: each
 * literal is looked for once, from where the last one ended, so that a match takes time linear in the text, whatever
 * the text is.
 */
export interface Phrase {
  readonly text: string
  readonly anchored: boolean
  readonly pieces: readonly Piece[]
}

interface Piece {
  /** Name of what stands before the literal; undefined: it is not wanted. */
  readonly capture: string | undefined
  /** Empty only as the last piece: the capture goes to the end of the text. */
  readonly literal: string
}

export type Captures = Readonly<Record<string, string>>

/** No name in a message is longer; what is longer is cut. */
const maxCaptureLength = 300

/** Throws for a phrase without any literal, which would match everything: an error of ours. */
export function parsePhrase(text: string): Phrase {
  const anchored = text.startsWith('^')
  const pieces: Piece[] = []
  let capture: string | undefined
  const parts = text.slice(anchored ? 1 : 0).split(/(…|\{[a-z][A-Za-z]*\})/)
  parts.forEach((part, index) => {
    if (index % 2 === 1) capture = part === '…' ? undefined : part.slice(1, -1)
    else if (part !== '') {
      pieces.push({ capture, literal: part })
      capture = undefined
    }
  })
  if (pieces.length === 0) throw new Error(`a phrase without text: ${text}`)
  if (capture !== undefined) pieces.push({ capture, literal: '' })
  return { text, anchored, pieces }
}

/** What the text holds for the phrase's names; undefined when it does not match. */
export function matchPhrase({ anchored, pieces }: Phrase, text: string): Captures | undefined {
  const first = pieces[0]
  if (first === undefined) return undefined
  const leads = anchored && first.capture === undefined
  if (leads ? !text.startsWith(first.literal) : !text.includes(first.literal)) return undefined
  const captures: Record<string, string> = {}
  let end = 0
  for (const { capture, literal } of pieces) {
    const at = literal === '' ? text.length : text.indexOf(literal, end)
    if (at < 0) return undefined
    if (capture !== undefined) captures[capture] = nameIn(text.slice(end, Math.min(at, end + maxCaptureLength)))
    end = at + literal.length
  }
  return captures
}

/** Without the sentence's own full stop. */
const nameIn = (text: string) => text.trim().replace(/[.,;]$/, '')

/** The template with its `{name}`s filled in; undefined when one is not known. */
export function fillTemplate(template: string, values: Captures): string | undefined {
  let complete = true
  const text = template.replace(/\{([a-z][A-Za-z]*)\}/g, (_whole, name: string) => {
    const value = values[name]
    if (value === undefined || value === '') complete = false
    return value ?? ''
  })
  return complete ? text : undefined
}
