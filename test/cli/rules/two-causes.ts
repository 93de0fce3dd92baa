import type { FindingId, Severity } from '../../../cli/findings/findings.ts'
import {
  contextBegins,
  type EvidenceCase,
  error,
  failedWith,
  info,
  jobBegins,
  jobDone,
  raised,
  registered,
  running,
  shutsDown,
  thrown,
  warn,
  works,
} from './evidence-case.ts'

type Told = readonly [FindingId, Severity]

const heapIsFull = 'java.lang.OutOfMemoryError: Java heap space'
const refused = (why: string) =>
  warn('ExecutorPodsSnapshotsStoreImpl', 'Exception when notifying snapshot subscriber.') +
  `io.fabric8.kubernetes.client.KubernetesClientException: Failure executing: POST at: https://kubernetes.default.svc/api/v1/namespaces/jobs/pods. Message: pods "x-exec-9" is forbidden: ${why}. Received status: Status(code=403).\n\tat A.b(A.java:1)\n`
const quota = refused('exceeded quota: q, requested: pods=1, used: pods=9, limited: pods=9')
const forbidden = refused(
  'User "system:serviceaccount:jobs:spark" cannot create resource "pods" in API group "" in the namespace "jobs"',
)
const admission = refused('violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false')
const limitRange = refused('maximum memory usage per Container is 1Gi, but limit is 2Gi')
const demands = refused('failed quota: q: must specify limits.cpu for: spark-kubernetes-executor')
const unauthorized = `${warn('WatchConnectionManager', 'Exec Failure')}io.fabric8.kubernetes.client.KubernetesClientException: Failure executing: GET at: https://kubernetes.default.svc/api/v1/pods. Message: Unauthorized. Received status: x\n`
const logged = (exception: string) => `${error('App', 'will try again')}${exception}\n\tat App.b(App.java:1)\n`
const executorOom = warn('TaskSetManager', `Lost task 0.0 in stage 0.0 (TID 0) (10.0.0.9 executor 1): ${heapIsFull}`)
const noFile = "FileNotFoundError: [Errno 2] No such file or directory: '/opt/extra.yaml'"
const oomKilled = { terminated: { exitCode: 137, reason: 'OOMKilled' } }
const ioError = 'java.io.IOException: No space left on device'

/** Drivers that ended, with more than one thing wrong in their evidence: the root cause, and what is told besides it and not as its symptom. */
export const ended: readonly (readonly [string, EvidenceCase, ...(readonly Told[])])[] = [
  ...([quota, forbidden, admission, limitRange, demands, unauthorized] as const).map(
    (refusal, index): readonly [string, EvidenceCase, ...(readonly Told[])] => [
      `executors came, more were refused (${index}), and somebody ended it`,
      { ...failedWith(143), log: works + refusal + shutsDown },
      ['SPN-EXIT-143', 'error'],
      [
        (
          [
            'SPN-QUOTA-EXCEEDED',
            'SPN-PERMISSION-FORBIDDEN',
            'SPN-PERMISSION-POD-SECURITY',
            'SPN-QUOTA-LIMIT-RANGE',
            'SPN-QUOTA-DEMANDS',
            'SPN-PERMISSION-TOKEN',
          ] as const
        )[index] ?? 'SPN-EXIT-OTHER',
        'warning',
      ],
    ],
  ),
  [
    'executors came, more were refused, and the program failed',
    { ...failedWith(1), log: works + quota + thrown('java.lang.IllegalStateException: x') },
    ['SPN-APPLICATION-EXCEPTION', 'error'],
    ['SPN-QUOTA-EXCEEDED', 'warning'],
  ],
  [
    'executors came, more were refused, and it ended without a word',
    { ...failedWith(1), log: works + quota + shutsDown },
    ['SPN-EXIT-1', 'error'],
    ['SPN-QUOTA-EXCEEDED', 'warning'],
  ],
  [
    'no executor ever came, and somebody ended it',
    { ...failedWith(143), log: contextBegins + quota.repeat(3) + shutsDown },
    ['SPN-QUOTA-EXCEEDED', 'error'],
  ],
  [
    'a full heap that it got over, then a signal',
    { ...failedWith(143), log: contextBegins + logged(heapIsFull) + jobBegins + jobDone + shutsDown },
    ['SPN-EXIT-143', 'error'],
    ['SPN-MEMORY-HEAP', 'warning'],
  ],
  [
    'a full heap, nothing more, then a signal',
    { ...failedWith(137), log: works + logged(heapIsFull) },
    ['SPN-MEMORY-HEAP', 'error'],
  ],
  [
    'a task that an executor had no memory for was done again, then a signal',
    { ...failedWith(143), log: contextBegins + registered + jobBegins + executorOom + jobDone + shutsDown },
    ['SPN-EXIT-143', 'error'],
    ['SPN-MEMORY-EXECUTOR-OOM', 'warning'],
  ],
  [
    'a signal in a job that an executor had no memory for',
    { ...failedWith(143), log: contextBegins + registered + jobBegins + executorOom + shutsDown },
    ['SPN-EXIT-143', 'error'],
    ['SPN-MEMORY-EXECUTOR-OOM', 'warning'],
  ],
  [
    'a task that an executor had no memory for, and another that fails of itself',
    {
      ...failedWith(1),
      log:
        contextBegins +
        executorOom +
        thrown(
          'org.apache.spark.SparkException: Job aborted due to stage failure: Task 0 in stage 0.0 failed 4 times, most recent failure: Lost task 0.3 (TID 3) (10.0.0.9 executor 1): java.lang.ArithmeticException: / by zero',
          'java.lang.ArithmeticException: / by zero',
        ),
    },
    ['SPN-APPLICATION-JOB-ABORTED', 'error'],
    ['SPN-MEMORY-EXECUTOR-OOM', 'warning'],
  ],
  [
    'an executor killed for memory, four times',
    {
      ...failedWith(1),
      log:
        contextBegins +
        error(
          'TaskSchedulerImpl',
          'Lost executor 1 on 10.0.0.9: The executor with id 1 exited with exit code 137(SIGKILL, possible container OOM).',
        ) +
        thrown(
          'org.apache.spark.SparkException: Job aborted due to stage failure: Task 0 in stage 0.0 failed 4 times, most recent failure: Lost task 0.3 (TID 3) (10.0.0.9 executor 1): ExecutorLostFailure (executor 1 exited caused by one of the running tasks) Reason: x',
        ),
    },
    ['SPN-MEMORY-EXECUTOR-OOM', 'error'],
  ],
  [
    'a name that was not resolved, in a log without INFO, then a signal',
    { ...failedWith(137), log: logged('java.net.UnknownHostException: cache') },
    ['SPN-EXIT-137', 'error'],
    ['SPN-NETWORK-DNS', 'warning'],
  ],
  [
    'a jar that was left out, then a signal',
    { ...failedWith(143), log: warn('DependencyUtils', 'Local jar /opt/a.jar does not exist, skipping.') },
    ['SPN-EXIT-143', 'error'],
    ['SPN-CLASSPATH-JAR', 'warning'],
  ],
  [
    'a signal in the middle of a job',
    {
      ...failedWith(143),
      log:
        works +
        jobBegins +
        shutsDown +
        thrown('org.apache.spark.SparkException: Job 1 cancelled because SparkContext was shut down'),
    },
    ['SPN-EXIT-143', 'error'],
    ['SPN-APPLICATION-CONTEXT-STOPPED', 'warning'],
  ],
  [
    'a signal, and Python finds the JVM gone',
    {
      ...failedWith(143),
      log: works + shutsDown + raised('py4j.protocol.Py4JNetworkError: Answer from Java side is empty'),
    },
    ['SPN-EXIT-143', 'error'],
    ['SPN-APPLICATION-PY4J-CONNECTION', 'warning'],
  ],
  [
    'a signal in the middle of a job, and a log without INFO',
    {
      ...failedWith(143),
      log: 'Exception in thread "main" org.apache.spark.SparkException: Job 1 cancelled because SparkContext was shut down\n',
    },
    ['SPN-EXIT-143', 'error'],
    ['SPN-APPLICATION-CONTEXT-STOPPED', 'warning'],
  ],
  [
    'a signal, and Python finds the JVM gone, in a log without INFO',
    { ...failedWith(143), log: raised('py4j.protocol.Py4JNetworkError: Answer from Java side is empty') },
    ['SPN-EXIT-143', 'error'],
    ['SPN-APPLICATION-PY4J-CONNECTION', 'warning'],
  ],
  [
    'the JVM’s heap full, and Python finds the JVM gone',
    {
      ...failedWith(1),
      log: `${works}Exception in thread "Thread-4" ${heapIsFull}\n${raised('py4j.protocol.Py4JNetworkError: Answer from Java side is empty')}`,
    },
    ['SPN-MEMORY-HEAP', 'error'],
  ],
  [
    'no memory for something, and the context was stopped',
    {
      ...failedWith(1),
      log:
        works +
        logged(heapIsFull) +
        thrown('java.lang.IllegalStateException: Cannot call methods on a stopped SparkContext.'),
    },
    ['SPN-MEMORY-HEAP', 'error'],
  ],
  [
    'a name that was not resolved, and Python finds the JVM gone',
    {
      ...failedWith(1),
      log:
        contextBegins +
        logged('java.net.UnknownHostException: cache') +
        raised('py4j.protocol.Py4JNetworkError: Answer from Java side is empty'),
    },
    ['SPN-APPLICATION-PY4J-CONNECTION', 'error'],
    ['SPN-NETWORK-DNS', 'warning'],
  ],
  [
    'a thread without memory, and a job that executors had no memory for',
    {
      ...failedWith(1),
      log: `${contextBegins}Exception in thread "poller" java.lang.OutOfMemoryError: Metaspace\n${thrown(
        'org.apache.spark.SparkException: Job aborted due to stage failure: Task 0 in stage 0.0 failed 4 times, most recent failure: Lost task 0.3 (TID 3) (10.0.0.9 executor 1): java.lang.OutOfMemoryError: Java heap space',
        heapIsFull,
      )}`,
    },
    ['SPN-MEMORY-EXECUTOR-OOM', 'error'],
    ['SPN-MEMORY-METASPACE', 'warning'],
  ],
  [
    'a listener’s thread ended, and the query was wrong',
    {
      ...failedWith(1),
      log:
        contextBegins +
        error('Utils', 'uncaught error in thread spark-listener-group-eventLog, stopping SparkContext') +
        thrown('org.apache.spark.sql.catalyst.parser.ParseException: [PARSE_SYNTAX_ERROR] x'),
    },
    ['SPN-APPLICATION-ANALYSIS', 'error'],
    ['SPN-HANG-SCHEDULER', 'warning'],
  ],
  [
    'the scheduler’s thread ended, and liveness ended the driver',
    {
      ...failedWith(137),
      log: works + jobBegins + error('Utils', 'throw uncaught fatal error in thread dag-scheduler-event-loop'),
    },
    ['SPN-HANG-SCHEDULER', 'error'],
  ],
  [
    'a script of Python in front of a program of Java',
    { ...failedWith(1), log: raised(noFile) + thrown('java.lang.ClassNotFoundException: a.B') },
    ['SPN-CLASSPATH-CLASS', 'error'],
    ['SPN-CLASSPATH-FILE', 'warning'],
  ],
  [
    'Java’s word for the end of Python',
    {
      ...failedWith(1),
      log: raised('KeyError: 1') + thrown('org.apache.spark.SparkUserAppException: User application exited with 1'),
    },
    ['SPN-APPLICATION-PYTHON', 'error'],
  ],
  [
    'the run before was killed for memory, this one logged something and ended',
    { ...failedWith(1), log: logged('java.net.UnknownHostException: h'), lastState: oomKilled, previousLog: '' },
    ['SPN-NETWORK-DNS', 'error'],
    ['SPN-MEMORY-CONTAINER-OOM', 'error'],
  ],
  [
    'a traceback between whose lines the JVM wrote',
    {
      ...failedWith(1),
      log: raised('ZeroDivisionError: division by zero').replace('\n', `\n${info('BlockManagerInfo', 'Removed x')}`),
    },
    ['SPN-APPLICATION-PYTHON', 'error'],
  ],
  ...([raised('ZeroDivisionError: x'), thrown('java.lang.IllegalStateException: x')] as const).map(
    (log, index): readonly [string, EvidenceCase, ...(readonly Told[])] => [
      `a log with the times of kubectl (${index})`,
      { ...failedWith(1), log: log.replaceAll(/^/gm, '2026-11-24T11:50:00.123456789Z ') },
      [index === 0 ? 'SPN-APPLICATION-PYTHON' : 'SPN-APPLICATION-EXCEPTION', 'error'],
    ],
  ),
  [
    'a file that was not needed, later another exception of Python',
    { ...failedWith(1), log: raised(noFile) + works + raised('ZeroDivisionError: division by zero') + shutsDown },
    ['SPN-APPLICATION-PYTHON', 'error'],
    ['SPN-CLASSPATH-FILE', 'warning'],
  ],
  [
    'the same at once, without a job in between',
    { ...failedWith(1), log: `${raised(noFile)}using defaults\n${raised('ZeroDivisionError: division by zero')}` },
    ['SPN-APPLICATION-PYTHON', 'error'],
    ['SPN-CLASSPATH-FILE', 'warning'],
  ],
  [
    'the other way round',
    { ...failedWith(1), log: raised('ZeroDivisionError: division by zero') + works + raised(noFile) },
    ['SPN-CLASSPATH-FILE', 'error'],
  ],
  [
    'one exception that came of another',
    {
      ...failedWith(1),
      log: `${raised(noFile)}\nDuring handling of the above exception, another exception occurred:\n\n${raised('RuntimeError: no settings')}`,
    },
    ['SPN-CLASSPATH-FILE', 'error'],
  ],
  [
    'a traceback that was printed, and much work before the end',
    { ...failedWith(1), log: raised('KeyError: 1') + works + shutsDown },
    ['SPN-EXIT-1', 'error'],
  ],
  [
    'a traceback that was printed, and the program’s own exit',
    { ...failedWith(3), log: works + raised('KeyError: 1') + shutsDown },
    ['SPN-APPLICATION-PYTHON', 'error'],
  ],
  [
    'a traceback that was printed, then a signal',
    { ...failedWith(143), log: works + raised('KeyError: 1') },
    ['SPN-EXIT-143', 'error'],
  ],
  [
    'a job of Python aborted: the record before it is Spark’s',
    {
      ...failedWith(1),
      log:
        error('TaskSetManager', 'Task 0 in stage 0.0 failed 4 times; aborting job') +
        raised('ZeroDivisionError: division by zero'),
    },
    ['SPN-APPLICATION-PYTHON', 'error'],
  ],
  [
    'submitted twice by a wrapper: what ended the first is not what ended the second',
    {
      ...failedWith(143),
      log: contextBegins + thrown(heapIsFull) + works + shutsDown,
    },
    ['SPN-EXIT-143', 'error'],
    ['SPN-MEMORY-HEAP', 'warning'],
  ],
  [
    'submitted twice by a wrapper, each with its own end',
    {
      ...failedWith(1),
      log: contextBegins + thrown(heapIsFull) + works + thrown(ioError),
    },
    ['SPN-VOLUME-NO-SPACE', 'error'],
    ['SPN-MEMORY-HEAP', 'warning'],
  ],
  [
    'the wrapper’s first try named no class',
    { ...failedWith(143), log: `Error: Failed to load class App.\n${works}${shutsDown}` },
    ['SPN-EXIT-143', 'error'],
    ['SPN-CLASSPATH-MAIN-CLASS', 'warning'],
  ],
  [
    'a missing class after a connection that was tried again',
    {
      ...failedWith(1),
      log:
        works +
        logged('java.net.UnknownHostException: cache') +
        jobDone +
        thrown('java.lang.ClassNotFoundException: a.B'),
    },
    ['SPN-CLASSPATH-CLASS', 'error'],
    ['SPN-NETWORK-DNS', 'warning'],
  ],
  [
    'a notice of maintenance, and a signal',
    {
      ...failedWith(143),
      log: works,
      events: [{ reason: 'RebalanceRecommendation', message: 'Rebalance recommendation received' }],
    },
    ['SPN-EXIT-143', 'error'],
  ],
]

/** Drivers that run, with something in their log that would be an end elsewhere; what is told of them is no error. */
export const working: readonly (readonly [string, EvidenceCase, ...(readonly Told[])])[] = [
  [
    'its main thread ended, and others begin jobs',
    { ...running, log: works + thrown('java.lang.IllegalStateException: x') + jobBegins + jobDone },
  ],
  [
    'executors of which its log does not tell',
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
  ['a traceback that was printed', { ...running, log: works + raised('KeyError: 1') }],
  ['a traceback at the very start', { ...running, log: raised(noFile) + works }],
  [
    'a full heap in a call from Python that was caught',
    {
      ...running,
      log:
        works +
        raised(
          `py4j.protocol.Py4JJavaError: An error occurred while calling o52.collect.\n: ${heapIsFull}\n\tat A.b(A.java:1)`,
        ),
    },
  ],
  ['a full heap that was logged', { ...running, log: works + logged(heapIsFull) }],
  ['a full heap that was printed', { ...running, log: `${works}${heapIsFull}\n\tat App.b(App.java:1)\n` }],
  [
    'a thread of Python that ended',
    { ...running, log: `${works}Exception in thread Thread-3 (f):\n${raised('KeyError: 1')}` },
  ],
  [
    'what Python ignores',
    { ...running, log: `${works}Exception ignored in: <function A.__del__ at 0x7f>\n${raised('KeyError: 1')}` },
  ],
  [
    'submitted twice by a wrapper',
    { ...running, log: contextBegins + thrown('java.lang.IllegalStateException: x') + works },
  ],
  [
    'submitted twice by a wrapper, refused the first time',
    { ...running, log: contextBegins + forbidden + thrown('java.lang.IllegalStateException: x') + contextBegins },
  ],
  [
    'submitted twice by a wrapper, the first scheduler dead',
    {
      ...running,
      log:
        contextBegins + error('Utils', 'throw uncaught fatal error in thread dag-scheduler-event-loop') + contextBegins,
    },
  ],
  [
    'a full heap of a thread, and jobs after it',
    { ...running, log: `${works}Exception in thread "poller" ${heapIsFull}\n${jobBegins}${jobDone}` },
    ['SPN-MEMORY-HEAP', 'warning'],
  ],
  [
    'executors lost, fetched again, lost again',
    {
      ...running,
      log:
        works +
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
    'stderr of pip, and settings that are no more',
    {
      ...running,
      log: `WARNING: Running pip as the 'root' user can result in broken permissions\nERROR: pip's dependency resolver does not currently take into account all the packages that are installed.\nnumba 0.5 requires numpy<1.2, but you have numpy 2.0 which is incompatible.\n${warn('SparkConf', 'The configuration key spark.yarn.executor.memoryOverhead has been deprecated as of Spark 2.3')}${warn('NativeCodeLoader', 'Unable to load native-hadoop library for your platform')}WARNING: An illegal reflective access operation has occurred\n${works}`,
    },
  ],
]
