import { distance } from 'fastest-levenshtein'

/**
 * Whether a name looks like the name of a secret, including typing errors (`passwrod`, `access.kye`). Covers more than
 * Spark's default (spark.redaction.regex: `secret|password|token|access[.]?key`). Names of a secret's location, length or
 * handler do not count.
 */
export function isSecretName(name: string): boolean {
  const known = judged.get(name)
  if (known !== undefined) return known
  const judgement = matchesSecretName(name.slice(-300))
  // Usually a log contains few names. The limit protects the memory from logs with generated names.
  if (judged.size >= 10_000) judged.clear()
  judged.set(name, judgement)
  return judgement
}

const judged = new Map<string, boolean>()

function matchesSecretName(name: string): boolean {
  if (harmless.test(name)) return false
  if (!secretName.test(name) && !isMisspelt(name)) return false
  return !aboutSecrets.has(splitWords(name).at(-1) ?? '')
}

const secretName =
  /pass(word|wd|phrase|code)|(^|[._-])pass$|pwd$|secret|token|credential|(access|private|api|account|encryption|signing|shared)[._ -]?key|client[._-]?key$|key-data$|^private-(mac|hash)$|(^|[._-])(pw|otp)$|(store|key)[._-]?pass$|\bsas\b|sasl\.jaas|authorization|connection[._-]?string/i

/** Kubernetes' and Spark's names for references to secrets, and names of counts. */
const harmless =
  /^(secretKeyRef|secretRef|envSecretKeyRefs|secrets|imagePullSecrets|serviceAccountToken|automountServiceAccountToken)$|^spark\.kubernetes\.(driver|executor)\.secret(s|KeyRef)\.|(^|[._-])(num|max|min|total)[._-]?\w{0,20}tokens?$/i

/** Last words of names that are not secrets: `tokenFile`, `credentials.provider`, `HadoopDelegationTokenManager`. */
const aboutSecrets: ReadonlySet<string> = new Set(
  (
    'file path dir directory location provider providers class enabled enable name namespace url uri endpoint type ttl ' +
    'interval renewal ratio timeout length count size regex mechanism version manager factory exception error expiry ' +
    'expiration seconds millis mode format algorithm audience issuer scope scopes ref refs service host port stdin'
  ).split(' '),
)

const splitWords = (name: string): readonly string[] =>
  name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .split(/[^A-Za-z]+/)
    .map((word) => word.toLowerCase())
    .filter((word) => word !== '')

const longWords = ['password', 'passphrase', 'credential', 'credentials', 'authorization'] as const
const shortWords = ['secret', 'token', 'passwd'] as const
const kindsOfKeys = ['access', 'secret', 'private', 'encryption', 'signing', 'account'] as const

function isMisspelt(name: string): boolean {
  const words = splitWords(name)
  return words.some((word, index) => {
    if (longWords.some((right) => Math.abs(right.length - word.length) <= 2 && distance(word, right) <= 2)) return true
    if (shortWords.some((right) => isOneSlip(word, right))) return true
    if (word !== 'key' && !isOneSlip(word, 'key')) return false
    const kind = words[index - 1] ?? ''
    return kindsOfKeys.some((right) => kind === right || (right.length >= 6 && isOneSlip(kind, right)))
  })
}

/** Whether a letter is missing, added or swapped with its neighbour. A replaced letter makes another word (`taken`). */
function isOneSlip(word: string, right: string): boolean {
  if (word.length === right.length) {
    const at = [...word].findIndex((letter, index) => letter !== right[index])
    return at >= 0 && word.slice(0, at) + (word[at + 1] ?? '') + word[at] + word.slice(at + 2) === right
  }
  return Math.abs(word.length - right.length) === 1 && word.length > 3 && distance(word, right) === 1
}
