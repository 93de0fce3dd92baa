/** What replaces a secret. */
const mask = '***'

/**
 * The forms of secrets that an answer of the Spark UI may contain: a description of a job shows SQL, and the name of a thread
 * may show a URL. The number of a line, as in `Token.java:12)`, is not a secret. Quantifiers
 * are bounded, so that the time is linear in the length of the text.
 */
const secrets: readonly (readonly [RegExp, string])[] = [
  [/(:\/\/)[^\s/@:"'\\]{0,200}:[^\s/@"'\\]{1,200}@/g, `$1${mask}@`],
  [
    /((?:passw(?:or)?d|pwd|passphrase|secret|token|credential|api[_-]?key|access[_-]?key|account[_-]?key|private[_-]?key|sig(?:nature)?)[\w.-]{0,30}\\?["']?\s{0,3}[=:]\s{0,3}\\?["']?)(?!\d{1,6}\))[^\s"'\\,;&<>(){}[\]]{1,500}/gi,
    `$1${mask}`,
  ],
  [/\b((?:Bearer|Basic)\s{1,3})[\w.~+/=-]{8,4000}/gi, `$1${mask}`],
  [/\beyJ[\w-]{10,4000}\.[\w-]{5,4000}/g, mask],
  [/\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/g, mask],
]

/** Removes what looks like a secret from a text. */
export function redactSecrets(text: string): string {
  let redacted = text
  for (const [pattern, replacement] of secrets) redacted = redacted.replace(pattern, replacement)
  return redacted
}
