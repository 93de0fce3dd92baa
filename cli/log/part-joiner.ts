import { readJsonLine } from './json-line.ts'
import { criForm } from './prefix-forms.ts'

/** A line as it stands in the log. */
export interface RawLine {
  readonly number: number
  readonly text: string
}

/** Maximum length of a line whose parts were joined, in UTF-16 units. The rest is dropped. */
const maxJoinedLength = 65_536

/**
 * Joins the parts of lines that the container runtime has split: containerd and CRI-O mark a part with `P` and the last
 * one with `F`; Docker, and what reads its files, end only the last part with a newline.
 */
export class PartJoiner {
  readonly #onLine: (line: RawLine) => void
  /** The parts of a line so far, by output stream. */
  readonly #begun = new Map<string, RawLine>()

  constructor(onLine: (line: RawLine) => void) {
    this.#onLine = onLine
  }

  push(line: RawLine): void {
    const { text: raw } = line
    if (raw.charCodeAt(4) !== hyphen && raw.charCodeAt(0) !== openBrace) {
      this.#onLine(line)
      return
    }
    const part = readPart(line.text, this.#begun.size > 0)
    const begun = part && this.#begun.get(part.stream)
    if (part === undefined || (begun === undefined && !part.isPartial)) {
      this.#onLine(line)
      return
    }
    const text = ((begun?.text ?? '') + part.text).slice(0, maxJoinedLength)
    const joined = { number: begun?.number ?? line.number, text }
    if (part.isPartial) {
      this.#begun.set(part.stream, joined)
      return
    }
    this.#begun.delete(part.stream)
    this.#onLine(joined)
  }

  /** Passes on the lines whose last part is missing. */
  end(): void {
    for (const line of this.#begun.values()) this.#onLine(line)
    this.#begun.clear()
  }
}

interface Part {
  readonly text: string
  readonly stream: string
  readonly isPartial: boolean
}

/** Docker splits lines after 16 KiB, so that a shorter record has a part only if it says so. */
const partLength = 16_384
/** The fifth character of a date that begins with the year. */
const hyphen = 45
const openBrace = 123
const partSign = /"(?:_p|logtag)": ?"P"/

function readPart(text: string, hasBegun: boolean): Part | undefined {
  if (text.startsWith('{')) {
    if (!hasBegun && text.length < partLength && !partSign.test(text)) return undefined
    const json = readJsonLine(text)
    return json?.kind === 'carrier' ? json : undefined
  }
  const match = text.charCodeAt(4) === hyphen ? criForm.pattern.exec(text) : null
  if (match === null) return undefined
  const { stream = '', tag } = match.groups ?? {}
  return { text: text.slice(match[0].length), stream, isPartial: tag === 'P' }
}
