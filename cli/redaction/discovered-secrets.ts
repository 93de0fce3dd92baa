import { isRecord, parseJson } from '../../core/json.ts'
import { findLineSecrets } from './line-secrets.ts'
import { isSecretEntry, isSecretKey, secretArgument } from './secret-entries.ts'

/** The values in an object that stand where secrets do, and must not stand anywhere else either. */
export function findSecrets(value: unknown): readonly string[] {
  if (typeof value === 'string') return secretsOfText(value)
  if (Array.isArray(value)) {
    return value.flatMap((entry, index) => {
      const secret = typeof entry === 'string' ? secretArgument(value, index) : undefined
      return secret === undefined ? findSecrets(entry) : [secret]
    })
  }
  if (!isRecord(value)) return []
  return Object.entries(value).flatMap(([key, entry]): readonly string[] => {
    if (!isSecretEntry(value, key)) return findSecrets(entry)
    if (typeof entry === 'string') return [entry, ...secretsOfText(entry)]
    return Array.isArray(entry)
      ? entry.flatMap((one) => (typeof one === 'string' ? [one] : findSecrets(one)))
      : findSecrets(entry)
  })
}

/** The secrets of a Spark configuration. */
export const findConfSecrets = (conf: ReadonlyMap<string, string>): readonly string[] =>
  [...conf].flatMap(([key, value]) => (isSecretKey(key) ? [value] : secretsOfText(value)))

/** `--conf` arguments, URLs with credentials and all else that a line may hold. */
function secretsOfText(text: string): readonly string[] {
  const json = /^\s*[{[]/.test(text) ? parseJson(text) : undefined
  if (json !== undefined) return findSecrets(json)
  return text.split('\n').flatMap((line) =>
    findLineSecrets(line).flatMap(({ start, end }) => {
      const found = line.slice(start, end)
      // user:password
      const password = line.startsWith('://', start - 3) ? found.slice(found.indexOf(':') + 1) : found
      return [...new Set([password, decoded(password), unescaped(password)])]
    }),
  )
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const unescaped = (text: string) => text.replace(/\\(["'\\])/g, '$1')

/** Names that are told of a driver in any case: a secret that is the same word is no longer one. */
export function findSecretNames(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(findSecretNames)
  if (!isRecord(value)) return []
  return Object.entries(value).flatMap(([key, entry]) =>
    typeof entry === 'string' ? (identifiers.has(key) ? [entry] : []) : findSecretNames(entry),
  )
}

const identifiers: ReadonlySet<string> = new Set(
  'name namespace kind apiVersion phase reason type status nodeName serviceAccountName uid claimName secretName key state threadName threadState'.split(
    ' ',
  ),
)
