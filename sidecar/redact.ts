/** What replaces a secret. */
const mask = '***'

/** The end of a name of a secret, and its suffix. */
const name =
  '(?:passw(?:or)?d|pwd|passphrase|secret|token|credential|api[_-]?key|access[_-]?key|account[_-]?key|private[_-]?key|client[_-]?key|sig(?:nature)?|\\b(?:pw|otp))[\\w.-]{0,30}'
const sign = '\\s{0,3}(?:[=:]|\\\\u003[adAD]|%3[adAD])\\s{0,3}'

/**
 * The forms of secrets that an answer of the Spark UI may contain: a description of a job shows SQL, and the name of a thread
 * may show a URL. The number of a line, as in `Token.java:12)`, is not a secret. Quantifiers
 * are bounded, so that the time is linear in the length of the text.
 */
const secrets: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]{0,40}PRIVATE KEY[^-]{0,20}-----[^-]{0,8000}(?:-----END[A-Z ]{0,60}-----)?/g, mask],
  [/(:\/\/)[^\s/@:"'\\]{0,200}:[^\s/@"'\\]{1,200}@/g, `$1${mask}@`],
  [/(\bjdbc:oracle:[a-z]{1,20}:)[^\s@/"']{1,200}\/[^\s@"']{1,300}(?=@)/gi, `$1${mask}`],
  [/(\bidentified\s{1,3}by\s{1,3}')(?:[^'\\]|\\.|''){1,500}/gi, `$1${mask}`],
  // In quotes, with the backslashes that escape them.
  [new RegExp(`(${name}["']?${sign}")(?:[^"\\\\]|\\\\.){1,500}`, 'gi'), `$1${mask}`],
  [new RegExp(`(${name}["']?${sign}')(?:[^'\\\\]|\\\\.){1,500}`, 'gi'), `$1${mask}`],
  [
    new RegExp(
      `(${name}\\\\?["']?${sign}\\\\?["']?)(?!\\d{1,6}\\))(?<!\\.(?:java|scala|py|kt):)[^\\s"'\\\\,;&<>(){}[\\]]{1,500}`,
      'gi',
    ),
    `$1${mask}`,
  ],
  [/(\b(?:password|passphrase|secret|token) (?:for|of) (?:user |account )?\S{1,100}[:=] )\S{1,500}/gi, `$1${mask}`],
  [/\b((?:Bearer|Basic)\s{1,3})[\w.~+/=-]{8,4000}/gi, `$1${mask}`],
  [/\beyJ[\w-]{10,4000}\.[\w-]{5,4000}/g, mask],
  [/(?<![\w+/])(?:LS0tLS1CRUdJTi(?!BDRVJU)|eyJ|ewog)[A-Za-z0-9+/]{30,8000}={0,2}/g, mask],
  [/\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/g, mask],
  [/\b(?:AIza[\w-]{35}|ya29\.[\w-]{16,500}|SG\.[\w-]{16,64}\.[\w-]{16,64}|SK[0-9a-f]{32}\b)/g, mask],
  [
    /\b(?:gh[pousr]_|github_pat_|glpat-|glsa_|xox[abprs]-|sk-|[sr]k_live_|dapi|hf_|npm_|hv[sbr]\.|do[opr]_v1_|pypi-AgE)\w[\w-]{15,500}/g,
    mask,
  ],
  [/(?<![\w~.-])[\w~.-]{3}\dQ~[\w~.-]{31,34}/g, mask],
  [/(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{86}==/g, mask],
]

/** Removes what looks like a secret from a text. */
export function redactSecrets(text: string): string {
  let redacted = text
  for (const [pattern, replacement] of secrets) redacted = redacted.replace(pattern, replacement)
  return redacted
}
