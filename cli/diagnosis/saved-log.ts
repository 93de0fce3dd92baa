import { LineSplitter } from '../log/lines.ts'
import { KeyLines } from '../redaction/key-lines.ts'
import { redactKnownSecrets } from '../redaction/redactor.ts'

/** Of a log that is longer, the beginning and the end are kept, each up to this many characters. */
const maxHalfLength = 16 * 1024 * 1024

/** A log on its way into a bundle: each line cut and without secrets, the whole bounded in memory. */
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

  /** To be called once. */
  text(): string {
    this.#splitter.end()
    const gap = this.#leftOut === 0 ? [] : [`[spark-nanny: ${this.#leftOut} lines left out]`]
    return [...this.#head, ...gap, ...this.#tail, ''].join('\n')
  }

  #line(line: string): void {
    // Each line of a private key has another in its place, so that lines have the same numbers as in the log.
    const shown = this.#keyLines.isInside(line) ? redactKnownSecrets : this.#redact(line)
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
