import type { FindingId, Severity } from '../../../cli/findings/findings.ts'
import {
  contextStarted,
  type EvidenceCase,
  error,
  failedWith,
  finishedJobLog,
  info,
  jobFinished,
  jobStarted,
  pythonTraceback,
  registered,
  running,
  shutdownLog,
  uncaughtException,
  warn,
} from './evidence-case.ts'

type ExpectedFinding = readonly [FindingId, Severity]

const heapError = 'java.lang.OutOfMemoryError: Java heap space'
const refusedExecutor = (why: string) =>
  warn('ExecutorPodsSnapshotsStoreImpl', 'Exception when notifying snapshot subscriber.') +
  `io.fabric8.kubernetes.client.KubernetesClientException: Failure executing: POST at: https://kubernetes.default.svc/api/v1/namespaces/jobs/pods. Message: pods "x-exec-9" is forbidden: ${why}. Received status: Status(code=403).\n\tat A.b(A.java:1)\n`
const quota = refusedExecutor('exceeded quota: q, requested: pods=1, used: pods=9, limited: pods=9')
const forbidden = refusedExecutor(
  'User "system:serviceaccount:jobs:spark" cannot create resource "pods" in API group "" in the namespace "jobs"',
)
const admission = refusedExecutor('violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false')
const limitRange = refusedExecutor('maximum memory usage per Container is 1Gi, but limit is 2Gi')
const quotaDemands = refusedExecutor('failed quota: q: must specify limits.cpu for: spark-kubernetes-executor')
const unauthorized = `${warn('WatchConnectionManager', 'Exec Failure')}io.fabric8.kubernetes.client.KubernetesClientException: Failure executing: GET at: https://kubernetes.default.svc/api/v1/pods. Message: Unauthorized. Received status: x\n`
const loggedException = (exception: string) => `${error('App', 'will retry')}${exception}\n\tat App.b(App.java:1)\n`
const executorOom = warn('TaskSetManager', `Lost task 0.0 in stage 0.0 (TID 0) (10.0.0.9 executor 1): ${heapError}`)
const noFile = "FileNotFoundError: [Errno 2] No such file or directory: '/opt/extra.yaml'"
const oomKilled = { terminated: { exitCode: 137, reason: 'OOMKilled' } }
const ioError = 'java.io.IOException: No space left on device'

/** Ended drivers with more than one error in their evidence: the root cause, and the other findings that are not its symptoms. */
export const endedDrivers: readonly (readonly [string, EvidenceCase, ...(readonly ExpectedFinding[])])[] = [
  ...(
    [
      ['exceeded quota', quota, 'SPN-QUOTA-EXCEEDED'],
      ['missing permission', forbidden, 'SPN-PERMISSION-FORBIDDEN'],
      ['PodSecurity', admission, 'SPN-PERMISSION-POD-SECURITY'],
      ['LimitRange', limitRange, 'SPN-QUOTA-LIMIT-RANGE'],
      ['quota that requires a limit', quotaDemands, 'SPN-QUOTA-DEMANDS'],
      ['invalid token', unauthorized, 'SPN-PERMISSION-TOKEN'],
    ] as const
  ).map(([refusal, log, id]): readonly [string, EvidenceCase, ...(readonly ExpectedFinding[])] => [
    `executors registered, more were refused (${refusal}), then a signal`,
    { ...failedWith(143), log: finishedJobLog + log + shutdownLog },
    ['SPN-EXIT-143', 'error'],
    [id, 'warning'],
  ]),
  [
    'executors registered, more were refused, then an exception',
    { ...failedWith(1), log: finishedJobLog + quota + uncaughtException('java.lang.IllegalStateException: x') },
    ['SPN-APPLICATION-EXCEPTION', 'error'],
    ['SPN-QUOTA-EXCEEDED', 'warning'],
  ],
  [
    'executors registered, more were refused, then exit without a message',
    { ...failedWith(1), log: finishedJobLog + quota + shutdownLog },
    ['SPN-EXIT-1', 'error'],
    ['SPN-QUOTA-EXCEEDED', 'warning'],
  ],
  [
    'no executor registered, then a signal',
    { ...failedWith(143), log: contextStarted + quota.repeat(3) + shutdownLog },
    ['SPN-QUOTA-EXCEEDED', 'error'],
  ],
  [
    'a full heap, later finished jobs, then a signal',
    { ...failedWith(143), log: contextStarted + loggedException(heapError) + jobStarted + jobFinished + shutdownLog },
    ['SPN-EXIT-143', 'error'],
    ['SPN-MEMORY-HEAP', 'warning'],
  ],
  [
    'a full heap, no further records, then a signal',
    { ...failedWith(137), log: finishedJobLog + loggedException(heapError) },
    ['SPN-MEMORY-HEAP', 'error'],
  ],
  [
    'an executor out of memory, its task was retried, then a signal',
    { ...failedWith(143), log: contextStarted + registered + jobStarted + executorOom + jobFinished + shutdownLog },
    ['SPN-EXIT-143', 'error'],
    ['SPN-MEMORY-EXECUTOR-OOM', 'warning'],
  ],
  [
    'an executor out of memory, then a signal during the job',
    { ...failedWith(143), log: contextStarted + registered + jobStarted + executorOom + shutdownLog },
    ['SPN-EXIT-143', 'error'],
    ['SPN-MEMORY-EXECUTOR-OOM', 'warning'],
  ],
  [
    'an executor out of memory, and a task with another error',
    {
      ...failedWith(1),
      log:
        contextStarted +
        executorOom +
        uncaughtException(
          'org.apache.spark.SparkException: Job aborted due to stage failure: Task 0 in stage 0.0 failed 4 times, most recent failure: Lost task 0.3 (TID 3) (10.0.0.9 executor 1): java.lang.ArithmeticException: / by zero',
          'java.lang.ArithmeticException: / by zero',
        ),
    },
    ['SPN-APPLICATION-JOB-ABORTED', 'error'],
    ['SPN-MEMORY-EXECUTOR-OOM', 'warning'],
  ],
  [
    'an executor killed for memory in four attempts',
    {
      ...failedWith(1),
      log:
        contextStarted +
        error(
          'TaskSchedulerImpl',
          'Lost executor 1 on 10.0.0.9: The executor with id 1 exited with exit code 137(SIGKILL, possible container OOM).',
        ) +
        uncaughtException(
          'org.apache.spark.SparkException: Job aborted due to stage failure: Task 0 in stage 0.0 failed 4 times, most recent failure: Lost task 0.3 (TID 3) (10.0.0.9 executor 1): ExecutorLostFailure (executor 1 exited caused by one of the running tasks) Reason: x',
        ),
    },
    ['SPN-MEMORY-EXECUTOR-OOM', 'error'],
  ],
  [
    'an unresolved host name in a log without INFO records, then a signal',
    { ...failedWith(137), log: loggedException('java.net.UnknownHostException: cache') },
    ['SPN-EXIT-137', 'error'],
    ['SPN-NETWORK-DNS', 'warning'],
  ],
  [
    'a skipped jar, then a signal',
    { ...failedWith(143), log: warn('DependencyUtils', 'Local jar /opt/a.jar does not exist, skipping.') },
    ['SPN-EXIT-143', 'error'],
    ['SPN-CLASSPATH-JAR', 'warning'],
  ],
  [
    'a signal during a job',
    {
      ...failedWith(143),
      log:
        finishedJobLog +
        jobStarted +
        shutdownLog +
        uncaughtException('org.apache.spark.SparkException: Job 1 cancelled because SparkContext was shut down'),
    },
    ['SPN-EXIT-143', 'error'],
    ['SPN-APPLICATION-CONTEXT-STOPPED', 'warning'],
  ],
  [
    'a signal, and Python loses the connection to the JVM',
    {
      ...failedWith(143),
      log:
        finishedJobLog +
        shutdownLog +
        pythonTraceback('py4j.protocol.Py4JNetworkError: Answer from Java side is empty'),
    },
    ['SPN-EXIT-143', 'error'],
    ['SPN-APPLICATION-PY4J-CONNECTION', 'warning'],
  ],
  [
    'a signal during a job, in a log without INFO records',
    {
      ...failedWith(143),
      log: 'Exception in thread "main" org.apache.spark.SparkException: Job 1 cancelled because SparkContext was shut down\n',
    },
    ['SPN-EXIT-143', 'error'],
    ['SPN-APPLICATION-CONTEXT-STOPPED', 'warning'],
  ],
  [
    'a signal, and Python loses the connection to the JVM, in a log without INFO records',
    { ...failedWith(143), log: pythonTraceback('py4j.protocol.Py4JNetworkError: Answer from Java side is empty') },
    ['SPN-EXIT-143', 'error'],
    ['SPN-APPLICATION-PY4J-CONNECTION', 'warning'],
  ],
  [
    'a full heap of the JVM, and Python loses the connection to it',
    {
      ...failedWith(1),
      log: `${finishedJobLog}Exception in thread "Thread-4" ${heapError}\n${pythonTraceback('py4j.protocol.Py4JNetworkError: Answer from Java side is empty')}`,
    },
    ['SPN-MEMORY-HEAP', 'error'],
  ],
  [
    'a full heap, and the context was stopped',
    {
      ...failedWith(1),
      log:
        finishedJobLog +
        loggedException(heapError) +
        uncaughtException('java.lang.IllegalStateException: Cannot call methods on a stopped SparkContext.'),
    },
    ['SPN-MEMORY-HEAP', 'error'],
  ],
  [
    'an unresolved host name, and Python loses the connection to the JVM',
    {
      ...failedWith(1),
      log:
        contextStarted +
        loggedException('java.net.UnknownHostException: cache') +
        pythonTraceback('py4j.protocol.Py4JNetworkError: Answer from Java side is empty'),
    },
    ['SPN-APPLICATION-PY4J-CONNECTION', 'error'],
    ['SPN-NETWORK-DNS', 'warning'],
  ],
  [
    'full metaspace in a thread, and executors out of memory',
    {
      ...failedWith(1),
      log: `${contextStarted}Exception in thread "poller" java.lang.OutOfMemoryError: Metaspace\n${uncaughtException(
        'org.apache.spark.SparkException: Job aborted due to stage failure: Task 0 in stage 0.0 failed 4 times, most recent failure: Lost task 0.3 (TID 3) (10.0.0.9 executor 1): java.lang.OutOfMemoryError: Java heap space',
        heapError,
      )}`,
    },
    ['SPN-MEMORY-EXECUTOR-OOM', 'error'],
    ['SPN-MEMORY-METASPACE', 'warning'],
  ],
  [
    'a listener thread ended, and the query was invalid',
    {
      ...failedWith(1),
      log:
        contextStarted +
        error('Utils', 'uncaught error in thread spark-listener-group-eventLog, stopping SparkContext') +
        uncaughtException('org.apache.spark.sql.catalyst.parser.ParseException: [PARSE_SYNTAX_ERROR] x'),
    },
    ['SPN-APPLICATION-ANALYSIS', 'error'],
    ['SPN-HANG-SCHEDULER', 'warning'],
  ],
  [
    'the scheduler thread ended, and the liveness probe killed the driver',
    {
      ...failedWith(137),
      log:
        finishedJobLog + jobStarted + error('Utils', 'throw uncaught fatal error in thread dag-scheduler-event-loop'),
    },
    ['SPN-HANG-SCHEDULER', 'error'],
  ],
  [
    'a Python traceback before a Java exception',
    { ...failedWith(1), log: pythonTraceback(noFile) + uncaughtException('java.lang.ClassNotFoundException: a.B') },
    ['SPN-CLASSPATH-CLASS', 'error'],
    ['SPN-CLASSPATH-FILE', 'warning'],
  ],
  [
    'a Python traceback, and the Java exception that reports it',
    {
      ...failedWith(1),
      log:
        pythonTraceback('KeyError: 1') +
        uncaughtException('org.apache.spark.SparkUserAppException: User application exited with 1'),
    },
    ['SPN-APPLICATION-PYTHON', 'error'],
  ],
  [
    'the previous run was killed for memory, and the current run failed with another exception',
    {
      ...failedWith(1),
      log: loggedException('java.net.UnknownHostException: h'),
      lastState: oomKilled,
      previousLog: '',
    },
    ['SPN-NETWORK-DNS', 'error'],
    ['SPN-MEMORY-CONTAINER-OOM', 'error'],
  ],
  [
    'a traceback interleaved with a record of the JVM',
    {
      ...failedWith(1),
      log: pythonTraceback('ZeroDivisionError: division by zero').replace(
        '\n',
        `\n${info('BlockManagerInfo', 'Removed x')}`,
      ),
    },
    ['SPN-APPLICATION-PYTHON', 'error'],
  ],
  ...(
    [
      ['Python', pythonTraceback('ZeroDivisionError: x'), 'SPN-APPLICATION-PYTHON'],
      ['Java', uncaughtException('java.lang.IllegalStateException: x'), 'SPN-APPLICATION-EXCEPTION'],
    ] as const
  ).map(([language, log, id]): readonly [string, EvidenceCase, ...(readonly ExpectedFinding[])] => [
    `a ${language} exception in a log with the timestamps of kubectl`,
    { ...failedWith(1), log: log.replaceAll(/^/gm, '2026-11-24T11:50:00.123456789Z ') },
    [id, 'error'],
  ]),
  [
    'a missing file, finished jobs, then another Python exception',
    {
      ...failedWith(1),
      log:
        pythonTraceback(noFile) + finishedJobLog + pythonTraceback('ZeroDivisionError: division by zero') + shutdownLog,
    },
    ['SPN-APPLICATION-PYTHON', 'error'],
    ['SPN-CLASSPATH-FILE', 'warning'],
  ],
  [
    'a missing file, then at once another Python exception',
    {
      ...failedWith(1),
      log: `${pythonTraceback(noFile)}using defaults\n${pythonTraceback('ZeroDivisionError: division by zero')}`,
    },
    ['SPN-APPLICATION-PYTHON', 'error'],
    ['SPN-CLASSPATH-FILE', 'warning'],
  ],
  [
    'a Python exception, finished jobs, then a missing file',
    {
      ...failedWith(1),
      log: pythonTraceback('ZeroDivisionError: division by zero') + finishedJobLog + pythonTraceback(noFile),
    },
    ['SPN-CLASSPATH-FILE', 'error'],
  ],
  [
    'a missing file, and an exception during its handling',
    {
      ...failedWith(1),
      log: `${pythonTraceback(noFile)}\nDuring handling of the above exception, another exception occurred:\n\n${pythonTraceback('RuntimeError: no settings')}`,
    },
    ['SPN-CLASSPATH-FILE', 'error'],
  ],
  [
    'a printed traceback, finished jobs, then exit code 1',
    { ...failedWith(1), log: pythonTraceback('KeyError: 1') + finishedJobLog + shutdownLog },
    ['SPN-EXIT-1', 'error'],
  ],
  [
    'a printed traceback, then an exit code of the application',
    { ...failedWith(3), log: finishedJobLog + pythonTraceback('KeyError: 1') + shutdownLog },
    ['SPN-APPLICATION-PYTHON', 'error'],
  ],
  [
    'a printed traceback, then a signal',
    { ...failedWith(143), log: finishedJobLog + pythonTraceback('KeyError: 1') },
    ['SPN-EXIT-143', 'error'],
  ],
  [
    'an aborted job of Python after a record of Spark',
    {
      ...failedWith(1),
      log:
        error('TaskSetManager', 'Task 0 in stage 0.0 failed 4 times; aborting job') +
        pythonTraceback('ZeroDivisionError: division by zero'),
    },
    ['SPN-APPLICATION-PYTHON', 'error'],
  ],
  [
    'two submissions in one log, the first with a full heap, the second with a signal',
    {
      ...failedWith(143),
      log: contextStarted + uncaughtException(heapError) + finishedJobLog + shutdownLog,
    },
    ['SPN-EXIT-143', 'error'],
    ['SPN-MEMORY-HEAP', 'warning'],
  ],
  [
    'two submissions in one log, each with an exception',
    {
      ...failedWith(1),
      log: contextStarted + uncaughtException(heapError) + finishedJobLog + uncaughtException(ioError),
    },
    ['SPN-VOLUME-NO-SPACE', 'error'],
    ['SPN-MEMORY-HEAP', 'warning'],
  ],
  [
    'two submissions in one log, the first with a missing class',
    { ...failedWith(143), log: `Error: Failed to load class App.\n${finishedJobLog}${shutdownLog}` },
    ['SPN-EXIT-143', 'error'],
    ['SPN-CLASSPATH-MAIN-CLASS', 'warning'],
  ],
  [
    'a missing class after a retried connection',
    {
      ...failedWith(1),
      log:
        finishedJobLog +
        loggedException('java.net.UnknownHostException: cache') +
        jobFinished +
        uncaughtException('java.lang.ClassNotFoundException: a.B'),
    },
    ['SPN-CLASSPATH-CLASS', 'error'],
    ['SPN-NETWORK-DNS', 'warning'],
  ],
  [
    'a maintenance notice, then a signal',
    {
      ...failedWith(143),
      log: finishedJobLog,
      events: [{ reason: 'RebalanceRecommendation', message: 'Rebalance recommendation received' }],
    },
    ['SPN-EXIT-143', 'error'],
  ],
]

/** Running drivers with something in their log that would end another driver. Their findings are not errors. */
export const runningDrivers: readonly (readonly [string, EvidenceCase, ...(readonly ExpectedFinding[])])[] = [
  [
    'the main thread ended, and other threads start jobs',
    {
      ...running,
      log: finishedJobLog + uncaughtException('java.lang.IllegalStateException: x') + jobStarted + jobFinished,
    },
  ],
  [
    'an active executor that is not in the log',
    {
      ...running,
      log: quota,
      executors: [
        { id: 'driver', addTime: '2026-11-24T11:50:00.000GMT' },
        { id: '1', isActive: true },
      ],
    },
    ['SPN-QUOTA-EXCEEDED', 'warning'],
  ],
  ['a printed traceback', { ...running, log: finishedJobLog + pythonTraceback('KeyError: 1') }],
  ['a traceback at the start', { ...running, log: pythonTraceback(noFile) + finishedJobLog }],
  [
    'a full heap in a Python call, and the exception was caught',
    {
      ...running,
      log:
        finishedJobLog +
        pythonTraceback(
          `py4j.protocol.Py4JJavaError: An error occurred while calling o52.collect.\n: ${heapError}\n\tat A.b(A.java:1)`,
        ),
    },
  ],
  ['a logged full heap', { ...running, log: finishedJobLog + loggedException(heapError) }],
  ['a printed full heap', { ...running, log: `${finishedJobLog}${heapError}\n\tat App.b(App.java:1)\n` }],
  [
    'a Python thread ended with an exception',
    { ...running, log: `${finishedJobLog}Exception in thread Thread-3 (f):\n${pythonTraceback('KeyError: 1')}` },
  ],
  [
    'an exception that Python ignores',
    {
      ...running,
      log: `${finishedJobLog}Exception ignored in: <function A.__del__ at 0x7f>\n${pythonTraceback('KeyError: 1')}`,
    },
  ],
  [
    'two submissions in one log',
    { ...running, log: contextStarted + uncaughtException('java.lang.IllegalStateException: x') + finishedJobLog },
  ],
  [
    'two submissions in one log, executors refused in the first',
    {
      ...running,
      log: contextStarted + forbidden + uncaughtException('java.lang.IllegalStateException: x') + contextStarted,
    },
  ],
  [
    'two submissions in one log, a scheduler thread ended in the first',
    {
      ...running,
      log:
        contextStarted +
        error('Utils', 'throw uncaught fatal error in thread dag-scheduler-event-loop') +
        contextStarted,
    },
  ],
  [
    'a full heap in a thread, then finished jobs',
    { ...running, log: `${finishedJobLog}Exception in thread "poller" ${heapError}\n${jobStarted}${jobFinished}` },
    ['SPN-MEMORY-HEAP', 'warning'],
  ],
  [
    'lost executors and failed fetches',
    {
      ...running,
      log:
        finishedJobLog +
        error(
          'TaskSchedulerImpl',
          'Lost executor 1 on 10.0.0.9: The executor with id 1 was deleted by a user or the framework.',
        ) +
        warn(
          'TaskSetManager',
          'Lost task 0.0 in stage 0.0 (TID 0) (10.0.0.9 executor 1): FetchFailed(null, shuffleId=0, mapIndex=-1, mapId=-1, reduceId=0, message=\norg.apache.spark.shuffle.MetadataFetchFailedException: Missing an output location for shuffle 0',
        ) +
        warn('BlockManagerMasterEndpoint', 'No more replicas available for rdd_4_0 !') +
        warn('TransportChannelHandler', 'Exception in connection from /10.0.0.9:4') +
        'java.io.IOException: Connection reset by peer\n\tat A.b(A.java:1)\n' +
        error(
          'TransportResponseHandler',
          'Still have 1 requests outstanding when connection from /10.0.0.9:4 is closed',
        ) +
        info('DAGScheduler', 'Executor lost: 1 (epoch 0)'),
    },
  ],
  [
    'warnings of pip, and deprecated settings',
    {
      ...running,
      log: `WARNING: Running pip as the 'root' user can result in broken permissions\nERROR: pip's dependency resolver does not currently take into account all the packages that are installed.\nnumba 0.5 requires numpy<1.2, but you have numpy 2.0 which is incompatible.\n${warn('SparkConf', 'The configuration key spark.yarn.executor.memoryOverhead has been deprecated as of Spark 2.3')}${warn('NativeCodeLoader', 'Unable to load native-hadoop library for your platform')}WARNING: An illegal reflective access operation has occurred\n${finishedJobLog}`,
    },
  ],
]
