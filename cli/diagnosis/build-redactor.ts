import { parseProperties } from '../../core/spark/properties.ts'
import { hungReasons } from '../../core/verdict/verdict.ts'
import { type EvidenceReading, valueIn } from '../evidence/evidence.ts'
import { findConfSecrets, findSecretNames, findSecrets } from '../redaction/discovered-secrets.ts'
import { createRedactor, type Redactor } from '../redaction/redactor.ts'
import { catalogue, logMatchers } from '../rules/catalogue.ts'
import { subjectWords } from '../rules/owners.ts'
import type { Documents } from './documents.ts'

/**
 * Creates a redactor that knows the secrets in these documents. The redactor keeps the names of objects and the words
 * that rules search for, even if one of them is also used as a password.
 */
export function buildRedactor(documents: Documents): Redactor {
  const values = Object.values(documents).map((reading: EvidenceReading<unknown>) => valueIn(reading))
  const conf = valueIn(documents.conf)
  const known = [
    ...values.flatMap(findSecrets),
    ...(typeof conf === 'string' ? findConfSecrets(parseProperties(conf)) : []),
  ]
  return createRedactor(known, new Set([...ruleWords, ...values.flatMap(findSecretNames)]))
}

/** Words that rules search for, and words that the classification of log lines depends on. */
const ruleWords: readonly string[] = [
  'TRACE DEBUG INFO WARN ERROR FATAL Exception Error Caused by in thread main Traceback most recent call last Marking for deletion initializing Lost find key Secret ConfigMap couldn',
  'Suppressed Wrapped Driver JVM stacktrace During handling of the above exception another occurred was the direct cause',
  'Job aborted due to stage failure Lost task executor driver terminated with exception nested Failure executing Message Received status',
  'For input string An occurred while calling limits frozen os py details validation errors for',
  'Error in Calls Execution halted Connecting to driver Successfully registered with commanded a shutdown',
  ...hungReasons,
  ...subjectWords,
  ...logMatchers.map(({ phrase }) => phrase.text),
  ...catalogue.flatMap(({ matchers }) =>
    matchers.flatMap((matcher) => (matcher.kind === 'message' ? [matcher.phrase.text, matcher.except ?? ''] : [])),
  ),
].flatMap((text) => text.split(/\W+/))
