import { LineSplitter } from '../log/lines.ts'
import { KeyLines } from '../redaction/key-lines.ts'
import { redactedText } from '../redaction/redactor.ts'

/** For a longer log, only its beginning and its end are kept, each with at most this many characters. */
const maxHalfLength = 16 * 1024 * 1024

/** Buffers a log for a bundle in bounded memory. Each line is truncated and redacted. */
export class SavedLog {
  readonly #splitter = new LineSplitter((line) => this.#line(line))
  readonly #redact: (text: string) => string
  readonly #half: number
  readonly #head: string[] = []
  #tail: string[] = []
  #headLength = 0
  #tailLength = 0
  #leftOut = 0
  readonly #keyLines = new KeyLines()

  constructor(redact: (text: string) => string, half = maxHalfLength) {
    this.#redact = redact
    this.#half = half
  }

  write(bytes: Uint8Array): void {
    this.#splitter.write(bytes)
  }

  /** Ends the log and returns its text. Call it only once. */
  text(): string {
    this.#splitter.end()
    const gap = this.#leftOut === 0 ? [] : [`[spark-nanny: ${this.#leftOut} lines omitted]`]
    return [...this.#head, ...gap, ...this.#tail, ''].join('\n')
  }

  #line(line: string): void {
    // Each line of a private key is replaced by one line, so that line numbers match the log.
    const shown = this.#keyLines.isInside(line) ? redactedText : this.#redact(line)
    if (this.#headLength < this.#half) {
      this.#head.push(shown)
      this.#headLength += shown.length
      return
    }
    this.#tail.push(shown)
    this.#tailLength += shown.length
    if (this.#tailLength < 2 * this.#half) return
    const keep = this.#tail.length >> 1
    this.#leftOut += this.#tail.length - keep
    this.#tail = this.#tail.slice(-keep)
    this.#tailLength = this.#tail.reduce((sum, text) => sum + text.length, 0)
  }
}
