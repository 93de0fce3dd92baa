import { parseProperties } from '../../core/spark-properties.ts'
import { type Reading, valueIn } from '../evidence/evidence.ts'
import { namesIn, secretsIn, secretsOfConf } from '../redaction/learnt-secrets.ts'
import { createRedactor, type Redactor } from '../redaction/redactor.ts'
import { catalogue } from '../rules/catalogue.ts'
import type { Documents } from './documents.ts'

/**
 * A redactor that knows the secrets in these documents. What is there to be told, the names of the objects and the words
 * that rules look for, it keeps even where somebody made it his password.
 */
export function redactorOf(documents: Documents): Redactor {
  const values = Object.values(documents).map((reading: Reading<unknown>) => valueIn(reading))
  const conf = valueIn(documents.conf)
  const known = [
    ...values.flatMap(secretsIn),
    ...(typeof conf === 'string' ? secretsOfConf(parseProperties(conf)) : []),
  ]
  return createRedactor(known, new Set([...ruleWords, ...values.flatMap(namesIn)]))
}

const ruleWords: readonly string[] = catalogue
  .flatMap(({ looksFor, resolvedBy }) => [...looksFor, ...(resolvedBy === undefined ? [] : [resolvedBy])])
  .flatMap((signature) => (signature.kind === 'observed' ? [] : signature.phrase.text.split(/[^\w]+/)))
