/** A longer line is cut: what a rule looks for stands at its beginning. In UTF-16 units. */
export const maxLineLength = 4096

/**
 * Cuts a stream of bytes into lines and gives each to `onLine`, without its end (`\n`, `\r\n`) and with at most
 * {@link maxLineLength} characters. Keeps no more than one line, however long one is. What a carriage return overwrites
 * (Spark's progress bar) is left out.
 */
export class LineSplitter {
  readonly #decoder = new TextDecoder()
  readonly #onLine: (line: string) => void
  #rest = ''
  #cut = false

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine
  }

  write(bytes: Uint8Array): void {
    this.#take(this.#decoder.decode(bytes, { stream: true }))
  }

  /** Gives the last line if it has no end. */
  end(): void {
    this.#take(this.#decoder.decode())
    if (this.#rest !== '' || this.#cut) this.#give(this.#rest)
    this.#rest = ''
  }

  #take(text: string): void {
    let start = 0
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', start)) {
      if (this.#cut) this.#give(this.#rest)
      else this.#give(this.#rest + text.slice(start, Math.min(at, start + maxLineLength - this.#rest.length + 1)))
      this.#rest = ''
      this.#cut = false
      start = at + 1
    }
    if (this.#cut || start >= text.length) return
    const room = maxLineLength - this.#rest.length
    this.#rest += text.slice(start, start + room)
    this.#cut = text.length - start > room
  }

  #give(line: string): void {
    const ended = line.endsWith('\r') ? line.slice(0, -1) : line
    const shown = ended.slice(ended.lastIndexOf('\r') + 1)
    this.#onLine(shown.length > maxLineLength ? shown.slice(0, maxLineLength) : shown)
  }
}
