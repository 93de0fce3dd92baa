import { change, inspect } from '../findings/remedies.ts'
import {
  failedInitContainer,
  failedOtherContainer,
  foreignEntrypoint,
  lateStart,
  startPatienceMs,
} from './container-detectors.ts'
import { observed, type Rule } from './rule.ts'

const describePod = inspect('Read the pod’s conditions and events', 'kubectl -n {namespace} describe pod {pod}')
const patience = `${startPatienceMs / 60_000} minutes`

/** What the other containers of the pod do, and a driver whose container does not start. */
export const containerRules: readonly Rule[] = [
  {
    id: 'SPN-CONFIG-INIT-CONTAINER',
    cause: 'config',
    severity: 'error',
    confidence: 'medium',
    title: 'An init container of the driver pod fails, so the driver does not start',
    detail: 'The init container {name} fails ({how}), so the driver does not start',
    meaning:
      'The kubelet starts the driver only after every init container has ended with exit code 0. Its log shows why it fails. A pod template, the operator or another webhook may have added it.',
    matchers: [
      observed('an init container ended with another exit code than 0, and the driver has not started', (facts) =>
        failedInitContainer(facts),
      ),
    ],
    explains: ['SPN-NODE-LATE-START', 'SPN-EXIT-*'],
    remedies: [
      inspect('Read its log', 'kubectl -n {namespace} logs {pod} -c {name} --previous'),
      change('Correct the init container in the pod template, or in what adds it'),
    ],
  },
  {
    id: 'SPN-CONFIG-OTHER-CONTAINER',
    cause: 'config',
    severity: 'error',
    confidence: 'high',
    title: 'The driver completed, but another container of its pod failed',
    detail: 'The driver completed, but the container {name} failed ({how})',
    meaning:
      'A pod has failed if one of its containers has. The work of the driver is done, but its owner takes the pod for failed and may run it again.',
    matchers: [
      observed('the driver’s container ended with exit code 0, and another one did not', (facts) =>
        failedOtherContainer(facts),
      ),
    ],
    remedies: [
      inspect('Read its log', 'kubectl -n {namespace} logs {pod} -c {name}'),
      change('Make that container end with exit code 0 after the driver, or declare it as a native sidecar'),
    ],
  },
  {
    id: 'SPN-IMAGE-ENTRYPOINT',
    cause: 'image',
    severity: 'error',
    confidence: 'high',
    title: 'The image is not one of Spark that fits this submission: its entrypoint does not know the driver’s command',
    detail: 'The entrypoint of the image does not know the command {command}',
    meaning:
      'spark-submit starts the container with the command of a driver, which only the entrypoint of Spark’s own image runs. This image runs it as a program. It is the image of an operator or of another tool, or its Spark is newer or older than the spark-submit that created the pod.',
    matchers: [
      observed(
        'the log says “Non-spark-on-k8s command provided”, though the first argument is driver, driver-py or driver-r',
        (facts) => foreignEntrypoint(facts),
      ),
    ],
    statesWhileRunning: [],
    explains: ['SPN-EXIT-*', 'SPN-HANG-NO-SPARK', 'SPN-HANG-UNRESPONSIVE'],
    remedies: [
      change(
        'Set spark.kubernetes.container.image (spec.image) to an image of Spark, of the version that spark-submit has',
      ),
      inspect('See which image runs', "kubectl -n {namespace} get pod {pod} -o 'jsonpath={.spec.containers[*].image}'"),
    ],
  },
  {
    id: 'SPN-NODE-LATE-START',
    cause: 'node',
    severity: 'error',
    confidence: 'low',
    title: 'The driver’s container does not start',
    detail: 'The driver has not started: {name} has been waiting for {minutes} minutes',
    meaning:
      'The pod has a node, but its containers do not run. The kubelet may be stuck, a volume may not attach, an image may be slow, or an init container waits for something. Events are deleted after one hour.',
    matchers: [
      observed(`the pod was assigned to a node ${patience} ago, and its driver has not started`, (facts) =>
        lateStart(facts, 'scheduled'),
      ),
    ],
    fallback: true,
    remedies: [describePod, inspect('Check the node', 'kubectl describe node {node}')],
  },
  {
    id: 'SPN-SCHEDULING-LATE',
    cause: 'scheduling',
    severity: 'error',
    confidence: 'low',
    title: 'No scheduler has assigned the driver to a node',
    detail: 'No scheduler has assigned the driver to a node for {minutes} minutes',
    meaning:
      'Neither a condition nor an event says why. The scheduler that spec.schedulerName names may not run, or the events have expired: they are deleted after one hour.',
    matchers: [observed(`the pod is ${patience} old and has no node`, (facts) => lateStart(facts, 'unscheduled'))],
    fallback: true,
    remedies: [
      describePod,
      inspect(
        'Check which scheduler is responsible',
        "kubectl -n {namespace} get pod {pod} -o 'jsonpath={.spec.schedulerName}'",
      ),
    ],
  },
]
