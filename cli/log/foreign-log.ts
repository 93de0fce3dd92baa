/** What kubectl and the kubelet write instead of a log that they cannot get. The API server sends some of it with status 200. */
const fetchError =
  /^(Error from server( \(|:)|unable to retrieve container logs for |failed to (try resolving symlinks|get container status|open log file)|rpc error: code = |Unable to connect to the server|The connection to the server |error: (a container name must be specified|You must be logged in|container .{1,300} is not valid for pod ))/

const webPage = /^\s*(<!doctype html|<html[\s>])/i

/** The first bytes of compressed files. */
const compressions: readonly (readonly [name: string, magic: readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['zip', [0x50, 0x4b, 0x03, 0x04]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58]],
]

/** More than kubectl and the kubelet write in place of a log. */
const maxErrorLines = 5

/** Recognizes files that are not the log of a program. */
export class ForeignLog {
  #lines = 0
  #errors = 0
  #firstError = ''
  #isWebPage = false
  #compression: string | undefined
  #begun = false

  bytes(bytes: Uint8Array): void {
    if (this.#begun || bytes.byteLength === 0) return
    this.#begun = true
    this.#compression = compressions.find(([, magic]) => magic.every((byte, index) => bytes[index] === byte))?.[0]
  }

  line(text: string): void {
    if (this.#lines > maxErrorLines || text.trim() === '') return
    this.#lines += 1
    if (this.#lines === 1) this.#isWebPage = webPage.test(text)
    if (!fetchError.test(text)) return
    this.#errors += 1
    if (this.#firstError === '') this.#firstError = Buffer.from(text.slice(0, 300)).toString()
  }

  /** What the file is instead, or null. */
  describe(redact: (text: string) => string): string | null {
    if (this.#compression !== undefined) return `compressed with ${this.#compression}; unpack it first`
    if (this.#isWebPage) return 'a web page, not a log'
    const isError = this.#errors > 0 && this.#errors === this.#lines && this.#lines <= maxErrorLines
    return isError ? `an error message in place of the log: ${redact(this.#firstError)}` : null
  }
}
