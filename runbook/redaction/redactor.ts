import { isRecord } from '../../core/json.ts'
import { isSecretName } from './secret-names.ts'

/** Takes secrets out of what is kept, printed or saved. */
export interface Redactor {
  text(text: string): string
  /** A copy of a Kubernetes object, or of any JSON. */
  json(value: unknown): unknown
}

export const redacted = '[redacted]'

/**
 * Forms of secrets in any text. Each is linear: bounded, or of one class of characters between what it is not. What is
 * not in one of these forms is found by its value, when it stood under a name that told what it is.
 */
const forms: readonly (readonly [RegExp, string])[] = [
  // JSON Web Tokens: service account tokens among them.
  [/\beyJ[\w-]{8,}\.[\w-]{2,}(\.[\w-]*)?/g, redacted],
  [/\b(AKIA|ASIA|AROA|AIDA)[0-9A-Z]{12,}/g, redacted],
  [/\b(gh[pousr]_|github_pat_|glpat-|xox[abprs]-|sk-|dapi|hf_|npm_)\w[\w-]{15,}/g, redacted],
  [/\b(Bearer|Basic|Token|Negotiate) +[\w.~+/=-]{6,}/gi, `$1 ${redacted}`],
  // Schemes whose credentials are several words.
  [
    /\b(ApiKey|Digest|AWS4-HMAC-SHA256|SharedKey|SharedKeyLite|NTLM) +(?:[\w-]{1,40}="[^"\n]*",? ?|[\w.~+/=:, -])+/g,
    `$1 ${redacted}`,
  ],
  [/\b((?:set-)?cookie\\?["']?\s{0,3}[:=]\s{0,3}\\?["']?)[^\s"'][^\n"']*/gi, `$1${redacted}`],
  // user:password@ of a URL; the password may have an @ in it.
  [/:\/\/[^\s/@:"']{0,200}:[^\s/"']{1,500}@/g, `://${redacted}@`],
  // A token in the place of the user; elsewhere (abfss) a container stands there.
  [/\b(https?:\/\/)[\w.~+=-]{16,500}@/gi, `$1${redacted}@`],
  [/\b(jdbc:oracle:[a-z]{1,20}:)[^\s@/"']{1,200}\/[^\s@"']{1,300}@/gi, `$1${redacted}@`],
  // Signatures of presigned URLs.
  [
    /([?&](?:sig|signature|x-amz-(?:signature|credential|security-token)|access_token|token|code|key)=)[^\s&"']+/gi,
    `$1${redacted}`,
  ],
  [/-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[^-]*(-----END [A-Z ]{0,40}PRIVATE KEY-----)?/g, redacted],
]

/** Quoted, with the quotes in it escaped; in a JSON string inside of one; a block of YAML; in braces; up to a blank or quote. */
const value = String.raw`\\"(?:[^"\\]|\\\\\\"|\\\\|\\[^"\\])*\\?"?|"(?:[^"\\]|\\[^])*"?|'(?:[^'\\]|\\[^])*'?|[|>][-+\d]{0,2}[ \t]*(?:\r?\n[ \t]+[^\n]*)+|\{[^}\n]*\}?|[^\s"']+`

/** Looked for once in each word, so that a long one takes no longer than it is long. */
const telling = String.raw`(?=[\w.-]*(?:pass|pwd|secret|token|credential|(?:access|private|api|account|encryption|signing)[._-]?key|authorization))[\w.-]+`

const sign = String.raw`\s{0,3}(?:=>|->|[=:,]|-?\\u003[de]|%3D)\s{0,3}`

/** `password=…`, `"token": "…"`, `secret.key → …`. */
const assignment = new RegExp(String.raw`(?<![\w.-])(${telling})(\\?["']?${sign})(${value})`, 'gi')

/** `--password …` */
const option = new RegExp(String.raw`(?<![\w.-])(?=--)(${telling})([ \t]{1,20})(?!-)(${value})`, 'gi')

/** A line of a properties file, which needs no sign. */
const property = /^([ \t]{0,80}[\w-]{1,100}(?:\.[\w-]{1,100}){1,20})([ \t]{1,200})(\S+)[ \t]*$/gm

/** An entry of an environment, in JSON, YAML, or as a Java object prints itself; one of Hadoop’s XML. */
const named = new RegExp(
  String.raw`(\bname\\?["']?\s{0,3}[:=]\s{0,3}\\?["']?)([\w.-]{1,200})(\\?["']?[\s,]{1,80}\\?["']?value\\?["']?\s{0,3}[:=]\s{0,3})(${value})`,
  'gi',
)
const element = /(<name>)([^<]{1,200})(<\/name>\s{0,100}<value>)([^<]*)/gi
const tag = /<([\w.-]{1,100})>[^<]{1,4000}(?=<\/)/g

/** A value this short is no secret, and would be found everywhere. */
const minKnownLength = 6

/** `known` are values that stood under the name of a secret; see {@link secretsIn}. */
export function createRedactor(known: Iterable<string> = []): Redactor {
  const values = [...new Set(known)]
    .filter((value) => value.length >= minKnownLength)
    .toSorted((a, b) => b.length - a.length)
  const text = (given: string): string => {
    let result = given
    for (const value of values) if (result.includes(value)) result = result.replaceAll(value, redacted)
    for (const [form, replacement] of forms) result = result.replace(form, replacement)
    for (const form of [named, element]) {
      result = result.replace(form, (whole, before: string, name: string, between: string) =>
        isSecretName(name) ? `${before}${name}${between}${redacted}` : whole,
      )
    }
    result = result.replace(tag, (whole, name: string) => (isSecretName(name) ? `<${name}>${redacted}` : whole))
    for (const form of [assignment, option, property]) {
      result = result.replace(form, (whole, name: string, between: string, given: string) =>
        isSecretName(name.trim().replace(/^-+/, '')) && !given.startsWith(redacted.slice(0, -1))
          ? `${name}${between}${redacted}`
          : whole,
      )
    }
    return result
  }
  return { text, json: (value) => redactJson(value, text) }
}

function redactJson(value: unknown, text: (given: string) => string): unknown {
  if (typeof value === 'string') return text(value)
  if (Array.isArray(value)) {
    return value.map((entry, index) => (isSecretArgument(value, index) ? redacted : redactJson(entry, text)))
  }
  if (!isRecord(value)) return value
  const entries = Object.entries(value).flatMap(([key, entry]): [string, unknown][] => {
    // Both hold the whole object once more.
    if (key === 'kubectl.kubernetes.io/last-applied-configuration' || key === 'managedFields') return []
    if (typeof entry === 'string' && isSecretEntry(value, key)) return [[key, redacted]]
    return [[key, redactJson(entry, text)]]
  })
  return Object.fromEntries(entries)
}

/** `{name: DB_PASSWORD, value: …}` of an environment, or a map's own entry. */
const isSecretEntry = (object: Record<string, unknown>, key: string) =>
  key === 'value' ? isSecretName(String(object.name ?? '')) : isSecretName(key)

/** What follows `--password` in a list of arguments. */
const isSecretArgument = (list: readonly unknown[], index: number) => {
  const before = list[index - 1]
  return typeof before === 'string' && /^--?[a-z]/i.test(before) && !before.includes('=') && isSecretName(before)
}

/** The values in an object that stand under the name of a secret, and must not stand anywhere else either. */
export function secretsIn(value: unknown): readonly string[] {
  if (Array.isArray(value)) {
    return value.flatMap((entry, index) => {
      if (typeof entry !== 'string') return secretsIn(entry)
      return isSecretArgument(value, index) ? [entry] : assigned(entry)
    })
  }
  if (!isRecord(value)) return typeof value === 'string' ? assigned(value) : []
  return Object.entries(value).flatMap(([key, entry]) =>
    typeof entry === 'string' && isSecretEntry(value, key) ? [entry] : secretsIn(entry),
  )
}

/** `--conf` arguments: `spark.hadoop.fs.s3a.secret.key=…`. */
function assigned(argument: string): readonly string[] {
  const match = /^([\w.-]{1,300})=(.+)$/s.exec(argument)
  return match?.[2] !== undefined && isSecretName(match[1] ?? '') ? [match[2]] : []
}

/** The entries of a Spark configuration, and the secrets among them. */
export function redactConf(conf: ReadonlyMap<string, string>, redactor: Redactor): ReadonlyMap<string, string> {
  return new Map([...conf].map(([key, value]) => [key, isSecretName(key) ? redacted : redactor.text(value)]))
}

export const secretsOfConf = (conf: ReadonlyMap<string, string>): readonly string[] =>
  [...conf].flatMap(([key, value]) => (isSecretName(key) ? [value] : []))
