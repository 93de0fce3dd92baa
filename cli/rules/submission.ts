import { change, inspect } from '../findings/remedies.ts'
import { inMessages, type Rule } from './rule.ts'

/** Why there is no driver though there should be one. The sentence: apiserver, `errors.NewAlreadyExists`, by way of spark-submit. */
export const submissionRules: readonly Rule[] = [
  {
    id: 'SPN-APPLICATION-NAME-TAKEN',
    cause: 'application',
    severity: 'error',
    confidence: 'high',
    title: 'The driver could not be made, since a pod has its name',
    detail: 'The driver could not be made, since pod {taken} has its name',
    meaning:
      'The driver’s pod has the same name with each submission, and that of an earlier one is still there. What is found besides is of that pod.',
    matchers: [inMessages('pods "{taken}" already exists', ['application'])],
    explains: ['SPN-APPLICATION-SUBMISSION', 'SPN-EXIT-*'],
    remedies: [
      {
        kind: 'delete-pod',
        title: 'Delete it, if it has ended: `spark-nanny recover` does so, and has the application run again',
        commands: ['spark-nanny recover -n {namespace} {application}'],
      },
      inspect('See whether it has ended', 'kubectl -n {namespace} get pod {taken}'),
      change('Give each run a name of its own: leave spark.kubernetes.driver.pod.name (spec.driver.podName) out'),
    ],
  },
]
