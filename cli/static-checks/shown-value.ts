import type { EvidenceItem } from '../findings/findings.ts'
import { createRedactor, redactedText } from '../redaction/redactor.ts'
import { isSecretName } from '../redaction/secret-names.ts'
import type { ConfEntry } from '../spark-conf/effective-conf.ts'
import { parseKeyName } from '../spark-conf/key-spelling.ts'

const redactor = createRedactor()

/** The value as it may be printed. Redacts secrets, including those whose key is misspelt. */
export function formatValue(key: string, value: string): string {
  const name = parseKeyName(key)
  const meant = name.kind === 'misspelt' ? name.nearest : key
  return isSecretName(key) || isSecretName(meant) ? redactedText : redactor.text(value)
}

/** The place where a setting is written, as evidence. */
export function toWrittenEvidence(key: string, written: ConfEntry): EvidenceItem {
  const { source, field, line } = written
  const value = formatValue(key, written.value)
  return { source, line, excerpt: formatEntry(field, key, value), count: 1 }
}

/** A field that is a map contains the key. Any other field stands for the setting itself. */
function formatEntry(field: string | null, key: string, value: string): string {
  if (field === null) return `${key}=${value}`
  return /(Conf|annotations|labels)$/.test(field) ? `${field}: ${key}: ${value}` : `${field}: ${value}`
}
