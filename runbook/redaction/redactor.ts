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
  // user:password@ of a URL.
  [/:\/\/[^\s/@:"']{0,200}:[^\s/@"']{1,500}@/g, `://${redacted}@`],
  // Signatures of presigned URLs.
  [
    /([?&](?:sig|signature|x-amz-(?:signature|credential|security-token)|access_token|token|code|key)=)[^\s&"']+/gi,
    `$1${redacted}`,
  ],
  [/-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[^-]*(-----END [A-Z ]{0,40}PRIVATE KEY-----)?/g, redacted],
]

/** `password=…`, `"token": "…"`, `--secret …`, `secret.key → …`; what follows the name to the next blank or quote. */
const assignment =
  /((?:--)?[\w.-]*(?:pass(?:word|wd|phrase)|pwd|secret|token|credentials?|(?:access|private|api|account|encryption|signing)[._-]?key|authorization)[\w.-]*)(\\?["']?\s{0,3}(?:=>|->|[=:,])\s{0,3})(\\?"[^"]*"?|'[^']*'?|[^\s"']+)/gi

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
    return result.replace(assignment, (whole, name: string, between: string, value: string) =>
      isSecretName(name.replace(/^--/, '')) && !value.startsWith(redacted.slice(0, -1))
        ? `${name}${between}${redacted}`
        : whole,
    )
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
