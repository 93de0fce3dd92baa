import { change, deletePod, inspect } from '../findings/remedies.ts'
import { inMessages, type Rule } from './rule.ts'

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
    explains: ['SPN-APPLICATION-SUBMISSION', 'SPN-EXIT-*'],
    remedies: [
      deletePod(
        'If that pod has ended, delete it: `spark-nanny recover` deletes it and reruns the application',
        'spark-nanny recover -n {namespace} {application}',
      ),
      inspect('Check whether that pod has ended', 'kubectl -n {namespace} get pod {taken}'),
      change('Use a new name for each run: do not set spark.kubernetes.driver.pod.name (spec.driver.podName)'),
    ],
  },
]
