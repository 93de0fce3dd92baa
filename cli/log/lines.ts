import { createTextDecoder } from '../../core/text-decoder.ts'

/** Maximum line length in UTF-16 units. Longer lines are truncated, because rules search only the beginning of a line. */
export const maxLineLength = 4096

/** The same for a line that may have to be unpacked: JSON with a stack trace in it. */
export const maxRawLength = 65_536

/**
 * Splits a stream of bytes into lines and passes each to `onLine`, without its line end (`\n`, `\r\n`) and with at most
 * `maxLength` UTF-16 units. Buffers at most one line. Text that a carriage return overwrites, such as Spark's
 * progress bar, is removed.
 */
export class LineSplitter {
  readonly #decoder = createTextDecoder()
  readonly #onLine: (line: string) => void
  #rest = ''
  #cut = false

  readonly #maxLength: number

  constructor(onLine: (line: string) => void, maxLength = maxLineLength) {
    this.#onLine = onLine
    this.#maxLength = maxLength
  }

  write(bytes: Uint8Array): void {
    this.#take(this.#decoder.push(bytes))
  }

  /** Passes on the last line if it has no line end. */
  end(): void {
    this.#take(this.#decoder.end())
    if (this.#rest !== '' || this.#cut) this.#give(this.#rest)
    this.#rest = ''
  }

  #take(text: string): void {
    let start = 0
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', start)) {
      if (this.#cut) this.#give(this.#rest)
      else this.#give(this.#rest + text.slice(start, Math.min(at, start + this.#maxLength - this.#rest.length + 1)))
      this.#rest = ''
      this.#cut = false
      start = at + 1
    }
    if (this.#cut || start >= text.length) return
    const room = this.#maxLength - this.#rest.length
    this.#rest += text.slice(start, start + room)
    this.#cut = text.length - start > room
  }

  #give(line: string): void {
    const ended = line.endsWith('\r') ? line.slice(0, -1) : line
    const shown = ended.slice(ended.lastIndexOf('\r') + 1)
    this.#onLine(shown.length > this.#maxLength ? shown.slice(0, this.#maxLength) : shown)
  }
}
