import type { EvidenceItem } from '../findings/findings.ts'
import { createRedactor, redacted } from '../redaction/redactor.ts'
import { isSecretName } from '../redaction/secret-names.ts'
import type { Written } from '../spark-conf/effective-conf.ts'
import { nameOfKey } from '../spark-conf/key-spelling.ts'

const redactor = createRedactor()

/** A value as it may be printed: nothing of what looks secret, or would if its name were spelt right. */
export function shownValue(key: string, value: string): string {
  const name = nameOfKey(key)
  const meant = name.kind === 'misspelt' ? name.nearest : key
  return isSecretName(key) || isSecretName(meant) ? redacted : redactor.text(value)
}

/** Where a setting stands, as evidence. */
export function writtenEvidence(key: string, written: Written): EvidenceItem {
  const { source, field, line } = written
  const value = shownValue(key, written.value)
  // A map of settings has the key for a name; another field says what it is.
  const isMap = field !== null && /(Conf|annotations|labels)$/.test(field)
  const excerpt = field === null ? `${key}=${value}` : isMap ? `${field}: ${key}: ${value}` : `${field}: ${value}`
  return { source, line, excerpt, count: 1 }
}
