import { change, inspect, setConf } from '../findings/remedies.ts'
import { dyingExecutors, refusedExecutors } from './executor-detectors.ts'
import { observed, type Rule } from './rule.ts'

const executorEvents = inspect(
  'Find out how they ended: Spark deletes their pods, but the driver’s log names their exit codes',
  'kubectl -n {namespace} logs {pod} -c {container} | grep -E "Lost executor|exit code"',
  'kubectl -n {namespace} get events --sort-by=.lastTimestamp',
)

/** Why a driver gets no executors. Sources: ExecutorPodsAllocator and ExecutorPodsLifecycleManager (4.0.1); fabric8's OperationSupport. */
export const executorRules: readonly Rule[] = [
  {
    id: 'SPN-CONFIG-EXECUTORS-REFUSED',
    cause: 'config',
    severity: 'error',
    confidence: 'medium',
    title: 'The API server refuses every executor pod',
    detail: 'The API server refuses every executor pod: {why}',
    meaning:
      'The driver is healthy but has no executors, and its jobs wait. The message of the API server, a webhook or a policy names the field or the rule.',
    matchers: [
      observed(
        'the log has at least three refused executor pods for a reason that no other rule knows, and no executor has registered',
        (facts) => refusedExecutors(facts),
      ),
    ],
    statesWhileRunning: [],
    explains: ['SPN-SCHEDULING-EXECUTORS'],
    remedies: [
      change('Correct the field of the executors in the settings or in spark.kubernetes.executor.podTemplateFile'),
      inspect(
        'Read the whole message',
        'kubectl -n {namespace} logs {pod} -c {container} | grep -m1 "Failure executing: POST"',
      ),
    ],
  },
  {
    id: 'SPN-SCHEDULING-EXECUTORS-DIE',
    cause: 'scheduling',
    severity: 'warning',
    confidence: 'medium',
    title: 'Executors start and end again',
    detail: 'Executors start and end again, with exit code {code}',
    meaning:
      'No executor stays long enough to work. Exit code 1 usually means that the executor cannot reach the driver or cannot start. 137 and 52 mean memory. The executors’ own logs show why.',
    matchers: [
      observed('at least three executors ended with an exit code, and none has registered since', (facts) =>
        dyingExecutors(facts),
      ),
    ],
    statesWhileRunning: [],
    explains: ['SPN-SCHEDULING-EXECUTORS'],
    remedies: [
      setConf(
        'spark.kubernetes.executor.deleteOnTermination',
        'false',
        'Keep failed executor pods so that you can read their logs',
      ),
      executorEvents,
    ],
  },
]
