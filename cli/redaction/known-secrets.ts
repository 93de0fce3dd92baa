import { isFalsePositive, isPlainWord } from './false-positives.ts'
import type { Span } from './value-span.ts'

/** The text that replaces a secret. */
export const redactedText = '[redacted]'

/** Minimum length of a secret that is redacted everywhere. Shorter texts occur in many unrelated places. */
const minPieceLength = 6
/** Shorter secrets are redacted only next to their names. */
const minWordLength = 3

/**
 * Finds secrets by their known values, in any position and encoding. Ordinary and short words are redacted only as whole
 * words. Values in `shown` are never redacted, because they are reported anyway.
 */
export class KnownSecrets {
  readonly #anywhere: readonly string[]
  readonly #alone: RegExp | null

  constructor(values: Iterable<string>, shown: ReadonlySet<string> = new Set()) {
    const secrets = listSecrets(values).filter((secret) => !shown.has(secret))
    const isDistinctive = (secret: string) => secret.length >= minPieceLength && !isPlainWord(secret)
    const anywhere = secrets.filter(isDistinctive).flatMap(listForms)
    this.#anywhere = [...new Set(anywhere)].toSorted(byLength)
    const words = secrets.filter((secret) => !isDistinctive(secret) && secret.length >= minWordLength)
    this.#alone = words.length === 0 ? null : matchWholeWords([...new Set(words)].toSorted(byLength))
  }

  /** Returns the positions of the secrets in a line, in no particular order. */
  *spansIn(line: string): Generator<Span> {
    for (const value of this.#anywhere) {
      for (let at = line.indexOf(value); at >= 0; at = line.indexOf(value, at + value.length)) {
        yield { start: at, end: at + value.length }
      }
      const cut = beginningAtEnd(line, value)
      if (cut !== undefined) yield { start: cut, end: line.length }
    }
    if (this.#alone === null) return
    for (const { index, 0: word } of line.matchAll(this.#alone)) yield { start: index, end: index + word.length }
  }
}

/** The values and, if a value has several lines, its lines. */
function listSecrets(values: Iterable<string>): readonly string[] {
  return [...values]
    .flatMap((value) => [value, ...value.split(/\r?\n/)])
    .map((text) => text.trim())
    .filter((text) => !isFalsePositive(text) && !text.includes(redactedText))
}

/** Longer secrets first, because a secret may contain a shorter one. */
const byLength = (a: string, b: string) => b.length - a.length

function matchWholeWords(words: readonly string[]): RegExp {
  const choices = words.map((word) => RegExp.escape(word)).join('|')
  return new RegExp(`(?<![\\w./:@$-])(?:${choices})(?![\\w/@$-]|[.:]\\w)`, 'g')
}

/** Finds the start of a value that a truncated line ends within. Returns undefined if there is none or it is too short. */
function beginningAtEnd(line: string, value: string): number | undefined {
  const head = value.slice(0, minPieceLength)
  for (let at = line.indexOf(head, line.length - value.length + 1); at >= 0; at = line.indexOf(head, at + 1)) {
    if (value.startsWith(line.slice(at))) return at
  }
  return undefined
}

/** The encodings of a value: plain, in JSON, in a URL, in XML, in a properties file, and as data of a Secret. */
function listForms(value: string): readonly string[] {
  return [
    value,
    inJson(value),
    inJson(inJson(value)),
    inUrl(value),
    value.replace(/[&<>"']/g, (sign) => `&${entities[sign]};`),
    value.replace(/[\\:=#!]/g, '\\$&'),
    Buffer.from(value).toString('base64'),
  ]
}

const entities: Readonly<Record<string, string>> = { '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot', "'": 'apos' }

const inJson = (value: string) => JSON.stringify(value).slice(1, -1)

function inUrl(value: string): string {
  return encodeURIComponent(value.toWellFormed())
}
