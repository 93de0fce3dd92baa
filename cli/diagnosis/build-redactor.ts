import { parseProperties } from '../../core/spark/properties.ts'
import { type Reading, valueIn } from '../evidence/evidence.ts'
import { findConfSecrets, findSecretNames, findSecrets } from '../redaction/discovered-secrets.ts'
import { createRedactor, type Redactor } from '../redaction/redactor.ts'
import { catalogue, logSignatures } from '../rules/catalogue.ts'
import type { Documents } from './documents.ts'

/**
 * A redactor that knows the secrets in these documents. What is there to be told, the names of the objects and the words
 * that rules look for, it keeps even where somebody made it his password.
 */
export function buildRedactor(documents: Documents): Redactor {
  const values = Object.values(documents).map((reading: Reading<unknown>) => valueIn(reading))
  const conf = valueIn(documents.conf)
  const known = [
    ...values.flatMap(findSecrets),
    ...(typeof conf === 'string' ? findConfSecrets(parseProperties(conf)) : []),
  ]
  return createRedactor(known, new Set([...ruleWords, ...values.flatMap(findSecretNames)]))
}

/** Also those by which a line of a log is placed. */
const ruleWords: readonly string[] = [
  'TRACE DEBUG INFO WARN ERROR FATAL Exception Error Caused by in thread main Traceback most recent call last Marking for deletion initializing Lost find key Secret ConfigMap couldn',
  ...logSignatures.map(({ phrase }) => phrase.text),
  ...catalogue.flatMap(({ matchers: looksFor }) =>
    looksFor.flatMap((signature) =>
      signature.kind === 'message' ? [signature.phrase.text, signature.except ?? ''] : [],
    ),
  ),
].flatMap((text) => text.split(/\W+/))
