import { continuesSentence, isPlainWord } from './false-positives.ts'
import { findQuotedValue } from './quoted-value.ts'
import { findBareValue } from './unquoted-value.ts'
import type { Span } from './value-span.ts'

/** Secrets with a recognizable form. The first group is kept, the second is redacted. */
const shapes: readonly RegExp[] = [
  // JSON Web Tokens, including service account tokens.
  /(\b)(eyJ[\w-]{8,}\.[\w-]{2,}(?:\.[\w-]*)?)/g,
  // Amazon: key IDs, and a secret key next to one.
  /(\b)((?:AKIA|ASIA|AROA|AIDA)[0-9A-Z]{12,}(?:[^A-Za-z0-9/+\n]{1,20}[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+]))?)/g,
  // Google: API keys, OAuth tokens, client secrets.
  /(\b)(AIza[\w-]{35}|ya29\.[\w-]{16,}|GOCSPX-[\w-]{16,})/g,
  // Azure: keys of storage accounts and of Cosmos, 64 bytes.
  /((?<![A-Za-z0-9+/]))([A-Za-z0-9+/]{86}==)/g,
  /(\b(?:gh[pousr]_|github_pat_|gl(?:pat|dt|rt)-|glsa_|xox[abprs]-|xapp-|[sr]k-|[sr]k_live_|whsec_|dapi|hf_|npm_|hv[sbr]\.|do[opr]_v1_|dckr_pat_|shpat_|pypi-AgE|nvapi-|ATATT3x|AGE-SECRET-KEY-1))(\w[\w-]{15,})/g,
  // SendGrid, Doppler, Terraform Cloud, Twilio, secrets of Entra ID, Google's refresh tokens, old tokens of Vault.
  /(\b)(SG\.[\w-]{16,}\.[\w-]{16,}|dp\.(?:pt|st|ct|sa|scim|audit)\.[\w.-]{16,}|SK[0-9a-f]{32}\b)/g,
  /(\b)([A-Za-z0-9]{14}\.atlasv1\.[\w-]{40,})/g,
  /((?<![\w~.-]))([\w~.-]{3}\dQ~[\w~.-]{31,34}(?![\w~-]))/g,
  /((?<![\w/])1\/\/0)([\w-]{20,})/g,
  /((?<![\w.])s\.)((?=[A-Za-z]{0,24}\d)[A-Za-z0-9]{24}(?![\w.]))/g,
  // PEM and JSON in base64. A certificate is not a secret.
  /((?<![\w+/]))(LS0tLS1CRUdJTi(?!BDRVJU)[A-Za-z0-9+/]{20,}={0,2})/g,
  /((?<![\w+/]))((?:eyJ|ewog|ewoJ)[A-Za-z0-9+/]{40,}={0,2})/g,
  // The user and the password of a registry in .dockerconfigjson.
  /((?<![\w-])\\?["']auth\\?["']\s{0,3}:\s{0,3}\\?["'])((?=[a-z]{0,40}[A-Z\d])[A-Za-z0-9+/]{8,}={0,2})/g,
  /((?:^|[\s?&;,])auth=)((?=[A-Za-z]{0,100}[\d+/_-])[\w.~+/-]{8,}={0,2})/g,
  /((?:^|[\s?&;,])pin=)(\d{4,12}\b)/gi,
  /(\bCredentials?\((?=[^)\n]{0,40}(?:AKIA|ASIA)))([^)\n]{1,500})/g,
  // A line of .netrc.
  /(\blogin\s{1,5}\S{1,200}\s{1,5}password\s{1,5})(\S{1,500})/gi,
  /(\bhooks\.slack\.com\/services\/)([\w/]{10,})/g,
  // Authorization schemes whose credentials consist of several words.
  /(\b(?:ApiKey|Digest|AWS4-HMAC-SHA256|SharedKey|SharedKeyLite|NTLM) +)((?:[\w-]{1,40}="[^"\n]*",? ?|[\w.~+/=:, -])+)/gi,
  /(\b(?:set-)?cookie\\?["']?\s{0,3}[:=]\s{0,3}\\?["']?)([^\s"'][^\n"']*)/gi,
  // A token as the user of an HTTP URL. In other URLs (abfss) this part is a container name.
  /(\bhttps?:\/\/)([\w.~+=-]{16,500}(?=@))/gi,
  /(\bjdbc:oracle:[a-z]{1,20}:)([^\s@/"']{1,200}\/[^\s@"']{1,300}(?=@))/gi,
  // Signatures of presigned URLs.
  /((?:[?&](?:signature|x-(?:amz|goog|oss|obs|cos)-(?:signature|credential|security-token)|access_token|token|code|key)|(?:[?&;\s"'=]|^)sig)=)([^\s&"']+)/gi,
  /(-----BEGIN [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----)([^-]+)/g,
]

/** Texts that precede a secret. The secret is quoted, or ends at the next space. */
const leaders: readonly RegExp[] = [
  /\bidentified\s{1,3}(?:with\s{1,3}\S{1,60}\s{1,3})?(?:by|as)\s{1,3}(?:password\s{1,3}|values\s{1,3})?/gi,
  /\b(?:password|passwd|passphrase|pwd)(?:\s{1,3}\(?|\()\s{0,3}(?=\\{0,3}["'`])/gi,
  /\b(?:password|passwd|passphrase|passcode|pwd|secret(?: key)?|token|(?:api|access|account|encryption|private) key|credentials?)\s{1,3}(?:is|was|are|were)\s{0,3}:?\s{1,3}/gi,
  /\b(?:password|passphrase|passcode|secret|token)\s{1,3}(?:for|of)\s{1,3}(?:(?:user|account|role|database)\s{1,3})?\S{1,100}?\s?[:=]\s{1,3}/gi,
  /\b(?:with|using) (?:the )?(?:password|passphrase)\s{1,3}/gi,
  // One-letter options of known programs. In the value of -u, the part before the colon is a user name.
  /(?<![\w-])(?:-u|-U|--user|--proxy-user)[ =]?["']?(?!\d{1,9}:\d)[\w.@\\+-]{1,200}:(?!\s)/g,
  /\bsshpass\s{1,3}(?:-[a-oq-zA-Z]\s{1,3}){0,5}-p\s{0,3}/g,
  /\b(?:mysql|mysqldump|mysqladmin|mariadb)\b[^|;&]{0,200}?\s-p(?=\S)/g,
  /\blogin\b[^|;&]{0,200}?\s-p\s{1,3}/g,
  /\bredis-cli\b[^|;&]{0,200}?\s-a\s{1,3}/g,
  /\bldap[a-z]{2,10}\b[^|;&]{0,200}?\s-w\s{1,3}/g,
]

/** Matches the word after an authorization scheme. It may be ordinary text: “Basic authentication”, “token bucket”. */
const scheme = /\b((?:Bearer|Basic|Token|Negotiate) +)([\w.~+/=-]{6,})/gi

/** Matches the name of a secret in a column of a table, and the space or the bar before the next column. */
const column =
  /(?<![\w.-])(?:[\w.-]{0,60}[_.-])?(?:password|passwd|pwd|passphrase|secret|token|api[_-]?key)(?:\t{1,5}| {0,40}[|│] {0,40}| {2,40})(?=[^\s|│/])/gi

/** Finds secrets in a line that are recognizable without a name. */
export function* findShapedSecrets(line: string): Generator<Span> {
  for (const shape of shapes) yield* findShapes(line, shape)
  yield* findSchemeCredentials(line)
  for (const leader of leaders) yield* findLedSecrets(line, leader)
  yield* findColumns(line)
  yield* findUrlCredentials(line)
}

function* findShapes(line: string, shape: RegExp): Generator<Span> {
  for (const { index, 1: before = '', 2: secret = '' } of line.matchAll(shape)) {
    const start = index + before.length
    yield { start, end: start + secret.length }
  }
}

function* findSchemeCredentials(line: string): Generator<Span> {
  for (const { index, 1: before = '', 2: secret = '' } of line.matchAll(scheme)) {
    if (isPlainWord(secret) || !/[A-Z\d]/.test(secret.slice(1))) continue
    const start = index + before.length
    yield { start, end: start + secret.length }
  }
}

function* findColumns(line: string): Generator<Span> {
  for (const { index, 0: text } of line.matchAll(column)) {
    const at = index + text.length
    const value = findQuotedValue(line, at) ?? findBareValue(line, at, undefined)
    const word = line.slice(value.start, value.end)
    // The columns beside the name may be other names, or the name may be part of a sentence.
    if (word.length >= 6 && /\d|[^\w.-]/.test(word) && !isPlainWord(word) && !continuesSentence(word)) yield value
  }
}

function* findLedSecrets(line: string, leader: RegExp): Generator<Span> {
  for (const { index, 0: text } of line.matchAll(leader)) {
    const at = index + text.length
    const quote = /["']/.exec(text)?.[0]
    const enclosing = quote === undefined ? undefined : { sign: quote }
    const value = findQuotedValue(line, at) ?? findBareValue(line, at, enclosing)
    if (value.start > at || !continuesSentence(line.slice(value.start, value.end))) yield value
  }
}

/** Finds `user:password@` in URLs. The password may contain `/` and `@`. */
function* findUrlCredentials(line: string): Generator<Span> {
  let end = 0
  let lastAt = -1
  for (let at = line.indexOf('://'); at >= 0; at = line.indexOf('://', at + 3)) {
    const start = at + 3
    if (start > end) {
      end = start
      while (end < line.length && !/[\s<>]/.test(line[end] ?? '') && !endsUrl(line, end)) end += 1
      lastAt = line.lastIndexOf('@', end - 1)
    }
    if (lastAt < start) continue
    const colon = line.slice(start, start + 200).search(/[:/?#]/)
    if (line[start + colon] !== ':' || start + colon > lastAt) continue
    // This is a port, followed by a path.
    if (/^:\d{1,5}[/?#]/.test(line.slice(start + colon, start + colon + 7))) continue
    yield { start, end: lastAt }
    at = lastAt
  }
}

/** Whether a quote at this position ends the URL. */
const endsUrl = (line: string, at: number) =>
  /["'`\\]/.test(line[at] ?? '') && !/[\w:/?#@%!$&*+=~-]/.test(line[at + 1] ?? ' ')
