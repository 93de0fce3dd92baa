import type { EvidenceItem } from '../findings/findings.ts'
import { createRedactor, redactedText } from '../redaction/redactor.ts'
import { isSecretName } from '../redaction/secret-names.ts'
import type { ConfEntry } from '../spark-conf/effective-conf.ts'
import { parseKeyName } from '../spark-conf/key-spelling.ts'

const redactor = createRedactor()

/** A value as it may be printed: nothing of what looks secret, or would if its name were spelt right. */
export function formatValue(key: string, value: string): string {
  const name = parseKeyName(key)
  const meant = name.kind === 'misspelt' ? name.nearest : key
  return isSecretName(key) || isSecretName(meant) ? redactedText : redactor.text(value)
}

/** Where a setting stands, as evidence. */
export function toWrittenEvidence(key: string, written: ConfEntry): EvidenceItem {
  const { source, field, line } = written
  const value = formatValue(key, written.value)
  // A map of settings has the key for a name; another field says what it is.
  const isMap = field !== null && /(Conf|annotations|labels)$/.test(field)
  const excerpt = field === null ? `${key}=${value}` : isMap ? `${field}: ${key}: ${value}` : `${field}: ${value}`
  return { source, line, excerpt, count: 1 }
}
