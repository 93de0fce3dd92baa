/** Decodes a text piece by piece. */
export interface PieceDecoder {
  /** Returns the text of the bytes so far. A character whose bytes are not complete follows with the next piece. */
  push(bytes: Uint8Array): string
  /** Returns the rest. Call it once, after the last bytes. */
  end(): string
}

/**
 * Creates a decoder for UTF-8, and for UTF-16 if the text begins with its byte order mark. Windows PowerShell writes UTF-16
 * when the output of kubectl is redirected to a file. Invalid bytes become U+FFFD, and the mark itself is dropped.
 */
export function createTextDecoder(): PieceDecoder {
  let decoder: TextDecoder | undefined
  let held: Uint8Array = new Uint8Array()
  const decode = (bytes: Uint8Array, isLast: boolean): string => {
    if (decoder !== undefined) return decoder.decode(bytes, { stream: !isLast })
    const begin = held.length === 0 ? bytes : Buffer.concat([held, bytes])
    if (begin.length < 2 && !isLast) {
      held = Uint8Array.from(begin)
      return ''
    }
    decoder = new TextDecoder(findEncoding(begin))
    return decoder.decode(begin, { stream: !isLast })
  }
  return { push: (bytes) => decode(bytes, false), end: () => decode(new Uint8Array(), true) }
}

function findEncoding([first, second]: Uint8Array): string {
  if (first === 0xff && second === 0xfe) return 'utf-16le'
  return first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8'
}

/** Decodes a whole text, as {@link createTextDecoder} does. */
export function decodeText(bytes: Uint8Array): string {
  const decoder = createTextDecoder()
  return decoder.push(bytes) + decoder.end()
}
