import type { EvidenceItem } from '../findings.ts'
import type { Written } from '../spark-conf/effective-conf.ts'

/** Spark's own `spark.redaction.regex`, and credentials in a URL. */
const secretKey = /secret|password|passwd|token|credential|access[._-]?key|api[._-]?key|private[._-]?key/i

/** A value as it may be printed: nothing of what looks secret. */
export function shownValue(key: string, value: string): string {
  if (secretKey.test(key)) return '***'
  return value
    .replace(/(\w+:\/\/)[^\s/:@]+:[^\s/@]+@/g, '$1***@')
    .replace(/((?:secret|password|passwd|token|access[._-]?key|credential)\w*=)[^\s&;,]+/gi, '$1***')
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
