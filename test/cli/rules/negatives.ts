import type { FindingId } from '../../../cli/findings/findings.ts'
import { catalogue } from '../../../cli/rules/catalogue.ts'
import {
  type EvidenceCase,
  error,
  failedWith,
  finishedJobLog,
  info,
  jobStarted,
  pending,
  pythonTraceback,
  registered,
  running,
  thread,
  uncaughtException,
  waitingForNode,
  warn,
  withEvent,
} from './evidence-case.ts'

const completed: EvidenceCase = { phase: 'Succeeded', state: { terminated: { exitCode: 0, reason: 'Completed' } } }
const outOfMemory = 'java.lang.OutOfMemoryError: Java heap space'
const taskLost = warn('TaskSetManager', `Lost task 0.0 in stage 0.0 (TID 0) (10.0.0.9 executor 1): ${outOfMemory}`)
const confMapMissing = {
  reason: 'FailedMount',
  message:
    'MountVolume.SetUp failed for volume "spark-conf-volume-driver" : configmap "spark-drv-1-conf-map" not found',
}

/** The threads of a program that serves requests after its main thread has returned. */
const serverThreads = [
  thread(1, 'DestroyJavaVM', 'RUNNABLE'),
  thread(2, 'HiveServer2-Handler-Pool: Thread-9', 'WAITING'),
]
const initContainer = (state: object, restartPolicy?: string): EvidenceCase => ({
  ...pending,
  ageMs: 300_000,
  state: { waiting: { reason: 'PodInitializing' } },
  spec: { initContainers: [{ name: 'fetch-certs', ...(restartPolicy !== undefined && { restartPolicy }) }] },
  status: { initContainerStatuses: [{ name: 'fetch-certs', restartCount: 0, state }] },
})

/** Healthy drivers with something in their evidence that looks like an error. */
export const healthyDrivers: readonly (readonly [string, EvidenceCase])[] = [
  ['running driver, a server without a main thread', { ...running, log: finishedJobLog, threads: serverThreads }],
  [
    'running driver, a job runs without a main thread',
    {
      ...running,
      log: finishedJobLog + jobStarted,
      threads: [thread(1, 'DestroyJavaVM', 'RUNNABLE'), thread(2, 'pool-1-thread-1', 'WAITING')],
    },
  ],
  [
    'running driver, executors were lost and replaced',
    {
      ...running,
      log:
        finishedJobLog +
        warn(
          'TaskSchedulerImpl',
          'Lost executor 7 on 10.0.0.9: The executor with id 7 exited with exit code 1(x).',
        ).repeat(4) +
        registered,
    },
  ],
  [
    'running driver, the layout of its log is not known',
    {
      ...running,
      log: 'W|sched|retry\nio.fabric8.kubernetes.client.KubernetesClientException: pods "x" is forbidden: exceeded quota: q, requested: a=4, used: a=10, limited: a=12. Received status: y\n\tat a.b(C.java:1)\nI|sched|Registered executor\n',
    },
  ],
  ['running driver, it downloads before it creates a context', { ...running, log: 'downloading\n' }],
  [
    'running driver, a script runs spark-submit in an image of Spark',
    {
      ...running,
      log: 'Non-spark-on-k8s command provided, proceeding in pass-through mode...\n',
      spec: { containers: [{ name: 'spark-kubernetes-driver', args: ['bash', '-c', 'spark-submit'] }] },
    },
  ],
  ['pending driver, an init container runs', initContainer({ running: {} })],
  ['pending driver, an init container has ended', initContainer({ terminated: { exitCode: 0 } })],
  ['pending driver, a native sidecar was restarted', initContainer({ terminated: { exitCode: 1 } }, 'Always')],
  ['completed driver', completed],
  ['completed driver, a task was retried', { ...completed, log: taskLost }],
  ['completed driver, an exception was caught', { ...completed, log: `${outOfMemory}\n\tat App.main(App.java:1)\n` }],
  ['completed driver, its first mount failed', { ...completed, events: [confMapMissing] }],
  ['running driver', running],
  [
    'running driver, its output mentions errors',
    { ...running, log: `${info('App', `retry on ${outOfMemory}`)}Java heap space: 1g\n` },
  ],
  ['running driver, a task was lost', { ...running, log: `${taskLost}\tat App.main(App.java:1)\n` }],
  [
    'running driver, one warning about missing executors',
    { ...running, log: warn('TaskSchedulerImpl', 'Initial job has not accepted any resources; check') },
  ],
  [
    'running driver, executors registered after warnings',
    {
      ...running,
      log:
        warn('TaskSchedulerImpl', 'Initial job has not accepted any resources; check').repeat(6) +
        info(
          'KubernetesClusterSchedulerBackend$KubernetesDriverEndpoint',
          'Registered executor NettyRpcEndpointRef(spark-client://Executor) (10.0.0.9:4) with ID 1',
        ),
    },
  ],
  [
    'running driver, an executor was refused and a later one registered',
    {
      ...running,
      log:
        warn('A', 'pods "x" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1') +
        info(
          'KubernetesClusterSchedulerBackend$KubernetesDriverEndpoint',
          'Registered executor NettyRpcEndpointRef(x)',
        ),
    },
  ],
  ...(
    [
      ['FailedScheduling', '0/3 nodes are available: 3 Insufficient cpu.', 'Scheduled'],
      ['FailedScheduling', '0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims', 'Scheduled'],
      ['FailedCreatePodSandBox', 'Failed to create pod sandbox: plugin is not ready', 'Pulling'],
      ['NetworkNotReady', 'network is not ready: container runtime network not ready', 'Pulling'],
      ['Failed', 'Failed to pull image "registry.example/spark:4": dial tcp: i/o timeout', 'Pulled'],
      ['Failed', 'Error: ErrImagePull', 'Created'],
    ] as const
  ).map(([reason, message, later]): readonly [string, EvidenceCase] => [
    `starting driver, ${reason} followed by ${later}`,
    {
      ...pending,
      status: { conditions: [{ type: 'PodScheduled', status: 'True' }] },
      events: [
        { reason, message },
        { reason: later, message: 'x' },
      ],
    },
  ]),
  ...['TriggeredScaleUp', 'Nominated'].map((reason): readonly [string, EvidenceCase] => [
    `driver waiting for a new node: ${reason}`,
    { ...waitingForNode, ageMs: 60_000, events: [...waitingForNode.events, { reason, message: 'x' }] },
  ]),
  [
    'running driver, its node was not ready for one minute',
    {
      ...running,
      node: {
        conditions: [
          {
            type: 'Ready',
            status: 'False',
            reason: 'KubeletNotReady',
            message: 'container runtime is down',
            lastTransitionTime: '2026-11-24T11:59:00Z',
          },
        ],
      },
    },
  ],
  [
    'running driver with a concurrent garbage collector',
    {
      ...running,
      conf: 'spark.driver.extraJavaOptions=-XX:+UseZGC -Dx=y\n',
      executors: [{ id: 'driver', addTime: '2026-11-24T11:50:00.000GMT', peakMemoryMetrics: { TotalGCTime: 500_000 } }],
    },
  ],
  [
    'starting driver, other pods have failures',
    {
      ...pending,
      events: [
        { reason: 'FailedScheduling', message: '3 Insufficient cpu', about: { kind: 'Pod', name: 'other-driver' } },
        { reason: 'Failed', message: 'Failed to pull image "x": not found', about: { kind: 'Pod', name: 'x-exec-1' } },
      ],
    },
  ],
  ...['RUNNING', 'SUBMITTED'].map((state): readonly [string, EvidenceCase] => [
    `running driver, its application is ${state} with an earlier error message`,
    {
      ...running,
      application: {
        apiVersion: 'sparkoperator.k8s.io/v1beta2',
        kind: 'SparkApplication',
        metadata: { name: 'nightly', namespace: 'jobs' },
        spec: {},
        status: {
          applicationState: { state, errorMessage: 'failed to run spark-submit: pods "nightly-driver" already exists' },
        },
      },
    },
  ]),
  ['running driver, its mounts failed at first', { ...running, events: [confMapMissing] }],
  [
    'running driver, its image was pulled at the second attempt',
    { ...running, events: [{ reason: 'Failed', message: 'Failed to pull image: i/o timeout' }] },
  ],
  [
    'running driver, it was unschedulable at first',
    { ...running, events: [{ reason: 'FailedScheduling', message: '0/3 nodes are available: 3 Insufficient cpu.' }] },
  ],
  ['new driver, its ConfigMap does not exist yet', { ...pending, ageMs: 3_000, events: [confMapMissing] }],
  [
    'driver pulling its image, its ConfigMap was created late',
    { ...pending, events: [confMapMissing, { reason: 'Pulling', message: 'Pulling image "spark"' }] },
  ],
  [
    'running driver, it closed its context and continues',
    { ...running, log: info('SparkContext', 'Successfully stopped SparkContext') + info('App', 'committing') },
  ],
  [
    'running driver, it has just closed its context',
    {
      ...running,
      log:
        '26/11/24 11:50:02 INFO SparkContext: Running Spark version 4.0.1\n' +
        '26/11/24 11:59:30 INFO SparkContext: Successfully stopped SparkContext\n',
    },
  ],
  [
    'running driver, its log has another time zone',
    {
      ...running,
      log: '26/11/24 06:50:02 INFO A: x\n26/11/24 06:59:30 INFO SparkContext: Successfully stopped SparkContext\n',
    },
  ],
  [
    'running driver, it spends little time in garbage collection',
    {
      ...running,
      executors: [{ id: 'driver', addTime: '2026-11-24T11:50:00.000GMT', peakMemoryMetrics: { TotalGCTime: 60_000 } }],
    },
  ],
  ['running driver, its threads wait for work', { ...running, threads: [thread(1, 'main', 'WAITING')] }],
  ...['alive', 'starting', 'unknown', undefined].map((state): readonly [string, EvidenceCase] => [
    `running driver, its main thread waits for a lock, sidecar state ${state}`,
    {
      ...running,
      ...(state !== undefined && { report: { state } }),
      threads: [thread(1, 'main', 'BLOCKED', 2), thread(2, 'other', 'RUNNABLE')],
    },
  ]),
  [
    'running driver, two threads wait for each other, one of them with a timeout',
    { ...running, threads: [thread(1, 'main', 'BLOCKED', 2), thread(2, 'other', 'TIMED_WAITING', 1)] },
  ],
]

/** The text of each rule's phrases in an INFO record of a failed driver, where it is not a sign of an error. */
const phrasesInInfoRecords = catalogue.flatMap(({ id, matchers }) =>
  matchers.flatMap((matcher): (readonly [FindingId, string, EvidenceCase])[] => {
    if (matcher.kind === 'observed') return []
    const words = matcher.phrase.pieces.map(({ capture, literal }) => `${capture ?? ''}${literal}`).join(' ')
    const matchesInInfoRecords = matcher.kind === 'log' && matcher.places.includes('info')
    return matchesInInfoRecords
      ? []
      : [[id, `“${matcher.phrase.text}” in an INFO record`, { ...failedWith(2), log: info('App', words) }]]
  }),
)

export const negatives: readonly (readonly [FindingId, string, EvidenceCase])[] = [
  ...phrasesInInfoRecords,
  [
    'SPN-CONFIG-MISSPELT-KEY',
    'known settings and settings of the application',
    { conf: 'spark.driver.memory=4g\nspark.mine.option=1\nspark.hadoop.fs.x=y\n' },
  ],
  ['SPN-MEMORY-CONTAINER-OOM', 'only exit code 137', failedWith(137)],
  [
    'SPN-MEMORY-HEAP',
    'the heap error of an executor',
    { ...failedWith(1), log: taskLost + uncaughtException('java.lang.IllegalStateException: x') },
  ],
  [
    'SPN-MEMORY-HEAP',
    'a sentence that contains the error’s name',
    { log: 'we handle java.lang.OutOfMemoryError: Java heap space well\n' },
  ],
  ['SPN-MEMORY-NATIVE-THREAD', 'another OutOfMemoryError', { log: uncaughtException(outOfMemory) }],
  [
    'SPN-CLASSPATH-CLASS',
    'a warning about Hadoop’s native library',
    { log: warn('NativeCodeLoader', 'Unable to load native-hadoop library for your platform') },
  ],
  [
    'SPN-NETWORK-REFUSED',
    'a logged exception, after which the application continued',
    {
      log:
        error('App', 'will retry') +
        'java.net.ConnectException: Connection refused\n\tat A.b(A.java:1)\n' +
        info('App', 'connected'),
    },
  ],
  [
    'SPN-IMAGE-PULL',
    'the driver has started since',
    { ...failedWith(1), events: [{ reason: 'Failed', message: 'Error: ErrImagePull' }] },
  ],
  [
    'SPN-SCHEDULING-CPU',
    'the driver was scheduled later',
    { ...failedWith(1), events: [{ reason: 'FailedScheduling', message: '3 Insufficient cpu' }] },
  ],
  ...['RebalanceRecommendation', 'ScheduledEvent'].map((reason): readonly [FindingId, string, EvidenceCase] => [
    'SPN-NODE-SHUTDOWN',
    `${reason}, which announces no immediate interruption`,
    { ...failedWith(143), events: [{ reason, message: 'received' }] },
  ]),
  [
    'SPN-NODE-TAINTED',
    'the deletion was cancelled',
    {
      ...failedWith(1),
      events: [
        { reason: 'TaintManagerEviction', message: 'Marking for deletion Pod jobs/nightly-driver' },
        { reason: 'TaintManagerEviction', message: 'Cancelling deletion of Pod jobs/nightly-driver' },
      ],
    },
  ],
  [
    'SPN-NODE-SHUTDOWN',
    'an interruption of another node',
    {
      ...failedWith(143),
      events: [{ reason: 'SpotInterruption', message: 'notice', about: { kind: 'Node', name: 'node2' } }],
    },
  ],
  [
    'SPN-NODE-SHUTDOWN',
    'an exception after the notice of an interruption',
    {
      ...failedWith(1),
      log: uncaughtException('java.lang.IllegalStateException: x'),
      events: [{ reason: 'SpotInterruption', message: 'Spot interruption notice' }],
    },
  ],
  ['SPN-VOLUME-CONFIGMAP', 'the missing ConfigMap is Spark’s own', withEvent('FailedMount', confMapMissing.message)],
  ['SPN-VOLUME-MOUNT', 'the driver has started since', { ...failedWith(1), events: [confMapMissing] }],
  [
    'SPN-APPLICATION-PYTHON',
    'a traceback below a log record',
    { log: `ERROR:root:x\n${pythonTraceback('KeyError: 1')}` },
  ],
  [
    'SPN-APPLICATION-EXCEPTION',
    'an exception of another thread',
    { log: 'Exception in thread "Thread-5" java.lang.IllegalStateException: x\n' },
  ],
  [
    'SPN-PERMISSION-ADMISSION',
    'an executor registered afterwards',
    { ...running, log: warn('A', 'Message: admission webhook "w" denied the request: x') + registered },
  ],
  [
    'SPN-NETWORK-WEBHOOK',
    'an executor registered afterwards',
    { ...running, log: warn('A', 'Message: failed calling webhook "w": x') + registered },
  ],
  [
    'SPN-CONFIG-POD-INVALID',
    'an executor registered afterwards',
    { ...running, log: warn('A', 'Message: Pod "x" is invalid: y') + registered },
  ],
  [
    'SPN-CONFIG-NAMESPACE',
    'an executor registered afterwards',
    { ...running, log: warn('A', 'Message: because it is being terminated') + registered },
  ],
  [
    'SPN-CONFIG-PRIORITY-CLASS',
    'an executor registered afterwards',
    { ...running, log: warn('A', 'Message: no PriorityClass with name x was found') + registered },
  ],
  [
    'SPN-CONFIG-TOO-LARGE',
    'an executor registered afterwards',
    { ...running, log: warn('A', 'Message: Too long: must have at most 1048576 bytes') + registered },
  ],
  [
    'SPN-QUOTA-API-SERVER',
    'an executor registered afterwards',
    { ...running, log: warn('A', 'Message: the server has received too many requests') + registered },
  ],
  [
    'SPN-QUOTA-CONFLICT',
    'an executor registered afterwards',
    {
      ...running,
      log:
        warn('A', 'Message: Operation cannot be fulfilled on resourcequotas "q": the object has been modified') +
        registered,
    },
  ],
  ['SPN-CONFIG-AWS-REGION', 'a record below WARN', { log: info('A', 'Unable to load region from x') }],
  [
    'SPN-PERMISSION-AWS-IDENTITY',
    'a service that times out',
    { log: uncaughtException('java.net.SocketTimeoutException: connect timed out') },
  ],
  [
    'SPN-PERMISSION-GOOGLE-IDENTITY',
    'a service that times out',
    { log: uncaughtException('java.net.SocketTimeoutException: connect timed out') },
  ],
  [
    'SPN-PERMISSION-AZURE-IDENTITY',
    'a service that times out',
    { log: uncaughtException('java.net.SocketTimeoutException: connect timed out') },
  ],
  ['SPN-PERMISSION-LOGIN', 'a record below WARN', { log: info('A', 'Login failed for user x') }],
  ['SPN-CLASSPATH-PACKAGES', 'a repository that cannot be reached', { log: `${info('A', 'x')}:::: WARNINGS\n` }],
  [
    'SPN-NETWORK-PACKAGES',
    'a package that does not exist',
    { log: uncaughtException('java.lang.RuntimeException: [unresolved dependency: a#b;1: not found]') },
  ],
  [
    'SPN-CONFIG-IVY-HOME',
    'another file',
    { log: uncaughtException('java.io.FileNotFoundException: /opt/x (No such file or directory)') },
  ],
  [
    'SPN-CLASSPATH-JAVA-MODULE',
    'another access error',
    { log: uncaughtException('java.lang.IllegalAccessError: tried to access method a.B.c()V') },
  ],
  ['SPN-CLASSPATH-PYTHON-VERSION', 'another Python exception', { log: pythonTraceback('Exception: x') }],
  [
    'SPN-CONFIG-KRYO-BUFFER',
    'another Kryo exception',
    { log: uncaughtException('com.esotericsoftware.kryo.KryoException: x') },
  ],
  [
    'SPN-CONFIG-MESSAGE-SIZE',
    'a large task that was sent',
    { log: warn('TaskSetManager', 'Stage 0 contains a task of very large size (1000 KiB).') },
  ],
  [
    'SPN-MEMORY-PYTHON-WORKER',
    'a worker that another task replaced',
    { ...running, log: warn('PythonRunner', 'Python worker exited unexpectedly (crashed)') + finishedJobLog },
  ],
  ['SPN-MEMORY-GPU', 'a full Java heap', { log: uncaughtException(outOfMemory) }],
  [
    'SPN-CONFIG-ENVIRONMENT',
    'a key that a dictionary of the program lacks',
    { log: pythonTraceback("KeyError: 'DB_URL'") },
  ],
  ['SPN-HANG-ENDED', 'a message of the program', failedWith(142, 'Error', 'the job was frozen: no rows')],
  [
    'SPN-HANG-PROBE',
    'a container that its pod’s deletion ends',
    { ...failedWith(143), events: [{ reason: 'Killing', message: 'Stopping container spark-kubernetes-driver' }] },
  ],
  ['SPN-NODE-SHUFFLE-LOST', 'a fetch that Spark repeats', { log: warn('A', 'FetchFailedException: x') }],
  ['SPN-MEMORY-STACK', 'a record below WARN', { log: info('A', 'java.lang.StackOverflowError') }],
  [
    'SPN-CONFIG-S3-BAD-REQUEST',
    'another status',
    {
      log: uncaughtException('software.amazon.awssdk.services.s3.model.S3Exception: x (Service: S3, Status Code: 403)'),
    },
  ],
  ['SPN-MEMORY-PYTHON', 'a full Java heap', { log: uncaughtException(outOfMemory) }],
  [
    'SPN-IMAGE-PROGRAM',
    'a file that the program reads',
    { log: uncaughtException('java.io.FileNotFoundException: /opt/x (No such file or directory)') },
  ],
  ['SPN-IMAGE-LIBRARY', 'a record below WARN', { log: info('A', 'java.lang.UnsatisfiedLinkError: x') }],
  [
    'SPN-NETWORK-METASTORE',
    'another refused connection',
    { log: uncaughtException('java.net.ConnectException: Connection refused') },
  ],
  ['SPN-NETWORK-KAFKA', 'another timeout', { log: uncaughtException('java.util.concurrent.TimeoutException: x') }],
  ['SPN-IMAGE-JAVA-HOME', 'another variable', { log: 'SPARK_HOME is not set\n' }],
  ['SPN-APPLICATION-BUCKET', 'another file', { log: uncaughtException('java.io.FileNotFoundException: /opt/x') }],
]
