import { isRecord, parseJson } from '../../core/json.ts'
import { isFalsePositive } from './false-positives.ts'
import { KeyLines } from './key-lines.ts'
import { KnownSecrets, redactKnownSecrets } from './known-secrets.ts'
import { findLineSecrets, mergeSpans } from './line-secrets.ts'
import { isSecretEntry, isSecretKey, secretArgument } from './secret-entries.ts'
import type { Span } from './value-span.ts'

export { redactKnownSecrets } from './known-secrets.ts'

/** Takes secrets out of what is kept, printed or saved. Doing so again changes nothing more. */
export interface Redactor {
  /** A text of many lines has as many afterwards, a line of JSON is one still. */
  text(text: string): string
  /** A copy of a Kubernetes object, or of any JSON. */
  json(value: unknown): unknown
}

/**
 * `known` are values that stood where secrets do, see {@link secretsIn}; `shown` words that are not hidden for being
 * one of them.
 */
export function createRedactor(known: Iterable<string> = [], shown: ReadonlySet<string> = new Set()): Redactor {
  const secrets = new KnownSecrets(known, shown)
  /** The text of a JSON value without its secrets; undefined: it has none, and stays as it is written. */
  const changed = (value: unknown, write: (hidden: unknown) => string): string | undefined => {
    const hidden = redactJson(value, text)
    return JSON.stringify(hidden) === JSON.stringify(value) ? undefined : write(hidden)
  }
  const line = (given: string): string => {
    const value = /^\s*[{[]/.test(given) ? parseJson(given) : undefined
    if (typeof value === 'object') return changed(value, (hidden) => JSON.stringify(hidden)) ?? given
    return hideSpans(given, mergeSpans([...secrets.spansIn(given), ...findLineSecrets(given)]))
  }
  const text = (given: string): string => {
    const body = given.trimEnd()
    if (!body.includes('\n')) return line(body) + given.slice(body.length)
    const value = /^\s*[{[]/.test(body) ? parseJson(body) : undefined
    if (typeof value === 'object') return changed(value, (hidden) => JSON.stringify(hidden, null, 2)) ?? given
    const keyLines = new KeyLines()
    return given
      .split('\n')
      .map((each) => (keyLines.isInside(each) ? redactKnownSecrets : line(each)))
      .join('\n')
  }
  return { text, json: (value) => redactJson(value, text) }
}

function hideSpans(line: string, spans: readonly Span[]): string {
  let result = ''
  let at = 0
  for (const { start, end } of spans) {
    result += line.slice(at, start) + redactKnownSecrets
    at = end
  }
  return result + line.slice(at)
}

function redactJson(value: unknown, text: (given: string) => string): unknown {
  if (typeof value === 'string') return text(value)
  if (Array.isArray(value)) {
    return value.map((entry: unknown, index) => {
      const secret = secretArgument(value, index)
      if (secret === undefined || isFalsePositive(secret)) return redactJson(entry, text)
      return String(entry).slice(0, -secret.length) + redactKnownSecrets
    })
  }
  if (!isRecord(value)) return value
  const entries = Object.entries(value).flatMap(([key, entry]): [string, unknown][] => {
    // Both hold the whole object once more.
    if (key === 'kubectl.kubernetes.io/last-applied-configuration' || key === 'managedFields') return []
    return [[key, isSecretEntry(value, key) ? redactSecret(key, entry, text) : redactJson(entry, text)]]
  })
  return Object.fromEntries(entries)
}

/** What stands under the name of a secret. An object has names of its own. */
function redactSecret(key: string, value: unknown, text: (given: string) => string): unknown {
  if (typeof value === 'string') return isFalsePositive(value) ? value : redactKnownSecrets
  if (typeof value === 'number') return /pass|pwd|secret/i.test(key) ? redactKnownSecrets : value
  if (Array.isArray(value)) return value.map((entry: unknown) => redactSecret(key, entry, text))
  return redactJson(value, text)
}

/** The entries of a Spark configuration, and the secrets among them. */
export function redactConf(conf: ReadonlyMap<string, string>, redactor: Redactor): ReadonlyMap<string, string> {
  return new Map(
    [...conf].map(([key, value]) => [
      key,
      isSecretKey(key) && !isFalsePositive(value) ? redactKnownSecrets : redactor.text(value),
    ]),
  )
}
