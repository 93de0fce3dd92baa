import { parseKeyName } from '../spark-conf/key-spelling.ts'
import { isSecretName } from './secret-names.ts'

/** Whether a setting of Spark's holds a secret, by its name or by the known one that it was meant to be. */
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

/** The nearest known key is looked for among thousands. */
const judged = new Map<string, boolean>()

/** `{name: DB_PASSWORD, value: …}` of an environment, or a map's own entry. */
export const isSecretEntry = (object: Record<string, unknown>, key: string): boolean =>
  key === 'value' && typeof object.name === 'string' ? isSecretKey(object.name) : isSecretKey(key)

/** The secret in an argument that the one before it announces: `--password`, `sshpass -p`, `-u user:`. */
export function secretArgument(list: readonly unknown[], index: number): string | undefined {
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
