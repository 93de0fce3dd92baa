/**
 * The entries of a Java properties file, as Spark writes `spark.properties` into its ConfigMap (Properties.store):
 * comments, `=`, `:` or white space between key and value, backslash escapes, lines continued by a backslash.
 */
export function parseProperties(text: string): ReadonlyMap<string, string> {
  const entries = new Map<string, string>()
  const lines = text
    .replace(/\r\n?/g, '\n')
    .replace(/((?:^|[^\\])(?:\\\\)*)\\\n[ \t\f]*/g, '$1')
    .split('\n')
  for (const line of lines) {
    // The last group takes any character, so that the blanks before it are never tried again: linear for any line.
    const match = /^[ \t\f]*((?:\\.|[^\\=:\s])+)[ \t\f]*[=:]?[ \t\f]*(.*)$/s.exec(line)
    const [, key, value] = match ?? []
    if (key === undefined || value === undefined || /^[#!]/.test(key)) continue
    entries.set(removeEscapes(key), removeEscapes(value))
  }
  return entries
}

const escapes: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' }

function removeEscapes(text: string): string {
  return text.replace(
    /\\(?:u([0-9a-fA-F]{4})|(.))/gs,
    (_whole, code: string | undefined, character: string | undefined) =>
      code === undefined
        ? (escapes[character ?? ''] ?? character ?? '')
        : String.fromCharCode(Number.parseInt(code, 16)),
  )
}
