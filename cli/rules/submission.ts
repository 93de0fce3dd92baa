import { change, deletePod, inspect, rerun } from '../findings/remedies.ts'
import { failedApplication, failedSubmission } from './application-states.ts'
import { inMessages, observed, type Rule } from './rule.ts'

const operatorLog = inspect(
  'Read the operator’s log',
  'kubectl -n spark-operator logs -l app.kubernetes.io/name=spark-operator --tail=200',
)

/** Why the driver was not created. Source of the message: apiserver, `errors.NewAlreadyExists`, passed on by spark-submit. */
export const submissionRules: readonly Rule[] = [
  {
    id: 'SPN-APPLICATION-NAME-TAKEN',
    cause: 'application',
    severity: 'error',
    confidence: 'high',
    title: 'The driver could not be created because a pod with its name exists',
    detail: 'The driver could not be created because pod {taken} already exists',
    meaning:
      'Every submission uses the same driver pod name, and the pod of an earlier submission still exists. Other findings refer to that pod.',
    matchers: [inMessages('pods "{taken}" already exists', ['application'])],
    explains: ['SPN-APPLICATION-SUBMISSION', 'SPN-APPLICATION-FAILED', 'SPN-EXIT-*'],
    remedies: [
      deletePod(
        'If that pod has ended, delete it: `spark-nanny recover` deletes it and reruns the application',
        'spark-nanny recover -n {namespace} {application}',
      ),
      inspect('Check whether that pod has ended', 'kubectl -n {namespace} get pod {taken}'),
      change('Use a new name for each run: do not set spark.kubernetes.driver.pod.name (spec.driver.podName)'),
    ],
  },
  {
    id: 'SPN-APPLICATION-SUBMISSION',
    cause: 'application',
    severity: 'error',
    confidence: 'medium',
    title: 'The operator could not submit the application',
    detail: 'The operator could not submit the application: {why}',
    meaning:
      'There is no driver pod because spark-submit failed in the operator. The last error in its output is the reason.',
    matchers: [observed('the SparkApplication failed at its submission', (facts) => failedSubmission(facts))],
    fallback: true,
    remedies: [operatorLog],
  },
  {
    id: 'SPN-APPLICATION-FAILED',
    cause: 'application',
    severity: 'error',
    confidence: 'low',
    title: 'The operator reports that the application has failed, and there is no driver pod',
    detail: 'The operator reports that the application has failed: {why}',
    meaning:
      'The driver pod was deleted after the failure, or never existed. The operator’s message is all that remains in the cluster. Read the log where your cluster collects logs.',
    matchers: [
      observed('the SparkApplication is in a state of failure, and has no driver pod', (facts) =>
        failedApplication(facts),
      ),
    ],
    fallback: true,
    explains: ['SPN-EXIT-*'],
    remedies: [
      inspect(
        'Read the events of the application',
        'kubectl -n {namespace} get events --field-selector involvedObject.name={application} --sort-by=.lastTimestamp',
      ),
      operatorLog,
      rerun('Run it again when you know the cause and have fixed it'),
    ],
  },
]
