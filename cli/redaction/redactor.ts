import { isRecord, parseJson } from '../../core/json.ts'
import { isFalsePositive } from './false-positives.ts'
import { KeyLines } from './key-lines.ts'
import { KnownSecrets, redactedText } from './known-secrets.ts'
import { findLineSecrets, mergeSpans } from './line-secrets.ts'
import { findSecretArgument, isSecretEntry, isSecretKey } from './secret-entries.ts'
import type { Span } from './value-span.ts'

export { redactedText } from './known-secrets.ts'

/** Removes secrets from everything that is kept, printed or saved. Applying it twice has the same effect as once. */
export interface Redactor {
  /** Redacts a text. The number of lines does not change, and a line of JSON remains valid JSON. */
  text(text: string): string
  /** Returns a redacted copy of a Kubernetes object or any other JSON value. */
  json(value: unknown): unknown
}

/**
 * `known` contains secret values that were found elsewhere, see findSecrets. `shown` contains words that are not redacted
 * even if they are among the known values.
 */
export function createRedactor(known: Iterable<string> = [], shown: ReadonlySet<string> = new Set()): Redactor {
  const secrets = new KnownSecrets(known, shown)
  /** Returns the text of the redacted JSON value, or undefined if it contains no secrets and keeps its original text. */
  const changed = (value: unknown, write: (hidden: unknown) => string): string | undefined => {
    const hidden = redactJson(value, text)
    return JSON.stringify(hidden) === JSON.stringify(value) ? undefined : write(hidden)
  }
  const line = (original: string): string => {
    const value = /^\s*[{[]/.test(original) ? parseJson(original) : undefined
    if (typeof value === 'object') return changed(value, (hidden) => JSON.stringify(hidden)) ?? original
    return hideSpans(original, mergeSpans([...secrets.spansIn(original), ...findLineSecrets(original)]))
  }
  const text = (original: string): string => {
    const body = original.trimEnd()
    if (!body.includes('\n')) return line(body) + original.slice(body.length)
    const value = /^\s*[{[]/.test(body) ? parseJson(body) : undefined
    if (typeof value === 'object') return changed(value, (hidden) => JSON.stringify(hidden, null, 2)) ?? original
    const keyLines = new KeyLines()
    return original
      .split('\n')
      .map((each) => (keyLines.isInside(each) ? redactedText : line(each)))
      .join('\n')
  }
  return { text, json: (value) => redactJson(value, text) }
}

function hideSpans(line: string, spans: readonly Span[]): string {
  let result = ''
  let at = 0
  for (const { start, end } of spans) {
    result += line.slice(at, start) + redactedText
    at = end
  }
  return result + line.slice(at)
}

function redactJson(value: unknown, text: (original: string) => string): unknown {
  if (typeof value === 'string') return text(value)
  if (Array.isArray(value)) {
    return value.map((entry: unknown, index) => {
      const secret = findSecretArgument(value, index)
      if (secret === undefined || isFalsePositive(secret)) return redactJson(entry, text)
      return String(entry).slice(0, -secret.length) + redactedText
    })
  }
  if (!isRecord(value)) return value
  const entries = Object.entries(value).flatMap(([key, entry]): [string, unknown][] => {
    // Both contain a copy of the whole object.
    if (key === 'kubectl.kubernetes.io/last-applied-configuration' || key === 'managedFields') return []
    return [[key, isSecretEntry(value, key) ? redactSecret(key, entry, text) : redactJson(entry, text)]]
  })
  return Object.fromEntries(entries)
}

/** Redacts the value of a secret field. The fields of an object are judged by their own names. */
function redactSecret(key: string, value: unknown, text: (original: string) => string): unknown {
  if (typeof value === 'string') return isFalsePositive(value) ? value : redactedText
  if (typeof value === 'number') return /pass|pwd|secret/i.test(key) ? redactedText : value
  if (Array.isArray(value)) return value.map((entry: unknown) => redactSecret(key, entry, text))
  return redactJson(value, text)
}

/** Redacts the secrets in a Spark configuration. */
export function redactConf(conf: ReadonlyMap<string, string>, redactor: Redactor): ReadonlyMap<string, string> {
  return new Map(
    [...conf].map(([key, value]) => [
      key,
      isSecretKey(key) && !isFalsePositive(value) ? redactedText : redactor.text(value),
    ]),
  )
}
