import { parseKeyName } from '../spark-conf/key-spelling.ts'
import { isSecretName } from './secret-names.ts'

/** Whether a Spark setting contains a secret, by its name or by the known setting that it misspells. */
export function isSecretKey(key: string): boolean {
  if (isSecretName(key)) return true
  if (!key.startsWith('spark.')) return false
  const known = judged.get(key)
  if (known !== undefined) return known
  const name = parseKeyName(key)
  const judgement = name.kind === 'misspelt' && isSecretName(name.nearest)
  if (judged.size >= 10_000) judged.clear()
  judged.set(key, judgement)
  return judgement
}

/** Cache, because the search for the nearest of thousands of known keys is slow. */
const judged = new Map<string, boolean>()

/** Whether the entry is a secret: an environment variable `{name: DB_PASSWORD, value: …}` or a named field. */
export const isSecretEntry = (object: Record<string, unknown>, key: string): boolean =>
  key === 'value' && typeof object.name === 'string'
    ? isSecretKey(object.name)
    : isSecretKey(key) || (key === 'auth' && isBasicAuth(object.auth))

/** Whether a value may be `user:password` in base64, as in .dockerconfigjson. */
const isBasicAuth = (value: unknown): boolean =>
  typeof value === 'string' && /^[A-Za-z0-9+/]{8,}={0,2}$/.test(value) && /[A-Z\d]/.test(value.slice(1))

/** Returns the secret in an argument that follows an option such as `--password`, `sshpass -p` or `-u` (user:password). */
export function findSecretArgument(list: readonly unknown[], index: number): string | undefined {
  const argument = list[index]
  const [before, program] = [list[index - 1], list[index - 2]]
  if (typeof argument !== 'string' || typeof before !== 'string') return undefined
  if (/^--?[a-z]/i.test(before) && !before.includes('=') && isSecretName(before.replace(/^-+/, ''))) return argument
  if (before === '-p' && typeof program === 'string' && /(?:^|\/)sshpass$/.test(program)) return argument
  if (/^(?:-u|-U|--user|--proxy-user)$/.test(before) && !/^\d+:\d+$/.test(argument)) {
    const colon = argument.indexOf(':')
    return colon > 0 && colon + 1 < argument.length ? argument.slice(colon + 1) : undefined
  }
  return undefined
}
