/** No private key has more lines; what follows is log again, though the key's end was cut off. */
const maxLines = 200

/** Follows the lines of a text, for private keys that are spread over several of them. */
export class KeyLines {
  #left = 0

  /** Whether the next line belongs to a private key that began before it. */
  isInside(line: string): boolean {
    const inside = this.#left > 0
    if (inside) this.#left = line.includes('-----END ') ? 0 : this.#left - 1
    else if (begins(line)) this.#left = maxLines
    return inside
  }
}

const begins = (line: string) => {
  const at = line.indexOf('-----BEGIN ')
  return at >= 0 && line.includes('PRIVATE KEY', at) && !line.includes('-----END ', at)
}
