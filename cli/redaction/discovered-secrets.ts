import { isRecord, parseJson } from '../../core/json.ts'
import { findLineSecrets } from './line-secrets.ts'
import { findSecretArgument, isSecretEntry, isSecretKey } from './secret-entries.ts'

/** Finds the values of secret fields in an object. These values must be redacted everywhere. */
export function findSecrets(value: unknown): readonly string[] {
  if (typeof value === 'string') return findTextSecrets(value)
  if (Array.isArray(value)) {
    return value.flatMap((entry, index) => {
      const secret = typeof entry === 'string' ? findSecretArgument(value, index) : undefined
      return secret === undefined ? findSecrets(entry) : [secret]
    })
  }
  if (!isRecord(value)) return []
  return Object.entries(value).flatMap(([key, entry]): readonly string[] => {
    if (!isSecretEntry(value, key)) return findSecrets(entry)
    if (typeof entry === 'string') return [entry, ...findTextSecrets(entry)]
    return Array.isArray(entry)
      ? entry.flatMap((one) => (typeof one === 'string' ? [one] : findSecrets(one)))
      : findSecrets(entry)
  })
}

/** Finds the secrets in a Spark configuration. */
export const findConfSecrets = (conf: ReadonlyMap<string, string>): readonly string[] =>
  [...conf].flatMap(([key, value]) => (isSecretKey(key) ? [value] : findTextSecrets(value)))

/** Finds secrets in text, such as `--conf` arguments and URLs with credentials. */
function findTextSecrets(text: string): readonly string[] {
  const json = /^\s*[{[]/.test(text) ? parseJson(text) : undefined
  if (json !== undefined) return findSecrets(json)
  return text.split('\n').flatMap((line) =>
    findLineSecrets(line).flatMap(({ start, end }) => {
      const found = line.slice(start, end)
      // user:password
      const password = line.startsWith('://', start - 3) ? found.slice(found.indexOf(':') + 1) : found
      return [...new Set([password, decodeUri(password), unescapeQuotes(password)])]
    }),
  )
}

function decodeUri(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const unescapeQuotes = (text: string) => text.replace(/\\(["'\\])/g, '$1')

/** Finds identifiers that are always reported about a driver. A secret that equals one of them is not redacted. */
export function findSecretNames(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(findSecretNames)
  if (!isRecord(value)) return []
  return Object.entries(value).flatMap(([key, entry]) => {
    if (typeof entry !== 'string') return findSecretNames(entry)
    return identifiers.has(key) ? [entry] : []
  })
}

const identifiers: ReadonlySet<string> = new Set(
  'name namespace kind apiVersion phase reason type status nodeName serviceAccountName uid claimName secretName key state threadName threadState'.split(
    ' ',
  ),
)
