import { type Evidence, valueIn } from '../evidence/evidence.ts'
import { type LogReading, scanText } from '../log/scan.ts'
import { logMatchers } from '../rules/catalogue.ts'

/** What precedes the output of spark-submit in the messages of the kubeflow operator, 1.1 to 2.5. */
const preface =
  /^failed to (?:run spark-submit|submit SparkApplication)[^:\n]{0,400}: (?:failed to run spark-submit[^:\n]{0,400}: )?/

/** Reads the output of spark-submit in the operator's message, which is a log. Undefined if there is none. */
export function scanSubmission({ application }: Evidence): LogReading | undefined {
  const message = valueIn(application)?.message ?? ''
  const start = preface.exec(message)
  return start === null ? undefined : scanText(message.slice(start[0].length), logMatchers)
}
