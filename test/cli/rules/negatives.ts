import type { FindingId } from '../../../cli/findings/findings.ts'
import { catalogue } from '../../../cli/rules/catalogue.ts'
import {
  type EvidenceCase,
  error,
  failedWith,
  info,
  pending,
  raised,
  running,
  saying,
  thread,
  thrown,
  waitsForNode,
  warn,
} from './evidence-case.ts'

const completed: EvidenceCase = { phase: 'Succeeded', state: { terminated: { exitCode: 0, reason: 'Completed' } } }
const outOfMemory = 'java.lang.OutOfMemoryError: Java heap space'
const taskLost = warn('TaskSetManager', `Lost task 0.0 in stage 0.0 (TID 0) (10.0.0.9 executor 1): ${outOfMemory}`)
const confMapMissing = {
  reason: 'FailedMount',
  message:
    'MountVolume.SetUp failed for volume "spark-conf-volume-driver" : configmap "spark-drv-1-conf-map" not found',
}

/** Drivers that are well, though something in their evidence sounds otherwise. */
export const wellDrivers: readonly (readonly [string, EvidenceCase])[] = [
  ['it has completed', completed],
  ['it has completed after a task was tried again', { ...completed, log: taskLost }],
  [
    'it has completed after an exception that it caught',
    { ...completed, log: `${outOfMemory}\n\tat App.main(App.java:1)\n` },
  ],
  ['it has completed after its first mount failed', { ...completed, events: [confMapMissing] }],
  ['it runs', running],
  [
    'it runs and speaks of errors',
    { ...running, log: `${info('App', `retry on ${outOfMemory}`)}Java heap space: 1g\n` },
  ],
  ['it runs and has lost a task', { ...running, log: `${taskLost}\tat App.main(App.java:1)\n` }],
  [
    'it runs and warned once for executors',
    { ...running, log: warn('TaskSchedulerImpl', 'Initial job has not accepted any resources; check') },
  ],
  [
    'it warned for executors, and then they came',
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
    'it could not have an executor at first, and then it had',
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
    `it starts, and ${reason} is past since ${later}`,
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
    `it waits for a node that was asked for: ${reason}`,
    { ...waitsForNode, ageMs: 60_000, events: [...waitsForNode.events, { reason, message: 'x' }] },
  ]),
  [
    'the runtime of its node was away for a moment',
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
    'its collector runs beside the program',
    {
      ...running,
      conf: 'spark.driver.extraJavaOptions=-XX:+UseZGC -Dx=y\n',
      executors: [{ id: 'driver', addTime: '2026-11-24T11:50:00.000GMT', peakMemoryMetrics: { TotalGCTime: 500_000 } }],
    },
  ],
  [
    'it starts, and other pods and nodes have their own troubles',
    {
      ...pending,
      events: [
        { reason: 'FailedScheduling', message: '3 Insufficient cpu', about: { kind: 'Pod', name: 'other-driver' } },
        { reason: 'Failed', message: 'Failed to pull image "x": not found', about: { kind: 'Pod', name: 'x-exec-1' } },
      ],
    },
  ],
  ...['RUNNING', 'SUBMITTED'].map((state): readonly [string, EvidenceCase] => [
    `its application is ${state}, and remembers a try before`,
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
  ['it runs and its mounts failed at first', { ...running, events: [confMapMissing] }],
  [
    'it runs and its image was pulled at the second try',
    { ...running, events: [{ reason: 'Failed', message: 'Failed to pull image: i/o timeout' }] },
  ],
  [
    'it runs and was unschedulable for a while',
    { ...running, events: [{ reason: 'FailedScheduling', message: '0/3 nodes are available: 3 Insufficient cpu.' }] },
  ],
  [
    'it was created just now, and its ConfigMap is not there yet',
    { ...pending, ageMs: 3_000, events: [confMapMissing] },
  ],
  [
    'it pulls its image, and its ConfigMap came late',
    { ...pending, events: [confMapMissing, { reason: 'Pulling', message: 'Pulling image "spark"' }] },
  ],
  [
    'it has closed its context and works on',
    { ...running, log: info('SparkContext', 'Successfully stopped SparkContext') + info('App', 'committing') },
  ],
  [
    'it has just closed its context',
    {
      ...running,
      log:
        '26/11/24 11:50:02 INFO SparkContext: Running Spark version 4.0.1\n' +
        '26/11/24 11:59:30 INFO SparkContext: Successfully stopped SparkContext\n',
    },
  ],
  [
    'its log is in another time zone',
    {
      ...running,
      log: '26/11/24 06:50:02 INFO A: x\n26/11/24 06:59:30 INFO SparkContext: Successfully stopped SparkContext\n',
    },
  ],
  [
    'it collects garbage now and then',
    {
      ...running,
      executors: [{ id: 'driver', addTime: '2026-11-24T11:50:00.000GMT', peakMemoryMetrics: { TotalGCTime: 60_000 } }],
    },
  ],
  ['its threads wait for work', { ...running, threads: [thread(1, 'main', 'WAITING')] }],
  ...['alive', 'starting', 'unknown', undefined].map((state): readonly [string, EvidenceCase] => [
    `its main thread waits for a lock at this moment; its sidecar: ${state}`,
    {
      ...running,
      ...(state !== undefined && { report: { state } }),
      threads: [thread(1, 'main', 'BLOCKED', 2), thread(2, 'other', 'RUNNABLE')],
    },
  ]),
  [
    'two threads wait for each other, one of them not for long',
    { ...running, threads: [thread(1, 'main', 'BLOCKED', 2), thread(2, 'other', 'TIMED_WAITING', 1)] },
  ],
]

/** The same words where they mean nothing: each rule that looks for words, in an INFO record of a driver that failed. */
const talk = catalogue.flatMap(({ id, matchers }) =>
  matchers.flatMap((matcher): (readonly [FindingId, string, EvidenceCase])[] => {
    if (matcher.kind === 'observed') return []
    const words = matcher.phrase.pieces.map(({ capture, literal }) => `${capture ?? ''}${literal}`).join(' ')
    const sure = matcher.kind === 'log' && matcher.places.includes('info')
    return sure
      ? []
      : [[id, `“${matcher.phrase.text}” in an INFO record`, { ...failedWith(2), log: info('App', words) }]]
  }),
)

export const negatives: readonly (readonly [FindingId, string, EvidenceCase])[] = [
  ...talk,
  [
    'SPN-CONFIG-MISSPELT-KEY',
    'right and own settings',
    { conf: 'spark.driver.memory=4g\nspark.mine.option=1\nspark.hadoop.fs.x=y\n' },
  ],
  ['SPN-MEMORY-CONTAINER-OOM', 'exit code 137 alone is no OOM', failedWith(137)],
  [
    'SPN-MEMORY-HEAP',
    'an executor’s',
    { ...failedWith(1), log: taskLost + thrown('java.lang.IllegalStateException: x') },
  ],
  [
    'SPN-MEMORY-HEAP',
    'a class of that name in a sentence',
    { log: 'we handle java.lang.OutOfMemoryError: Java heap space well\n' },
  ],
  ['SPN-MEMORY-NATIVE-THREAD', 'another OutOfMemoryError', { log: thrown(outOfMemory) }],
  [
    'SPN-CLASSPATH-CLASS',
    'a warning of Hadoop’s native library',
    { log: warn('NativeCodeLoader', 'Unable to load native-hadoop library for your platform') },
  ],
  [
    'SPN-NETWORK-REFUSED',
    'an exception that was logged and got over',
    {
      log:
        error('App', 'will retry') +
        'java.net.ConnectException: Connection refused\n\tat A.b(A.java:1)\n' +
        info('App', 'connected'),
    },
  ],
  [
    'SPN-IMAGE-PULL',
    'the driver has run since',
    { ...failedWith(1), events: [{ reason: 'Failed', message: 'Error: ErrImagePull' }] },
  ],
  [
    'SPN-SCHEDULING-CPU',
    'it was scheduled in the end',
    { ...failedWith(1), events: [{ reason: 'FailedScheduling', message: '3 Insufficient cpu' }] },
  ],
  ...['RebalanceRecommendation', 'ScheduledEvent'].map((reason): readonly [FindingId, string, EvidenceCase] => [
    'SPN-NODE-SHUTDOWN',
    `${reason} is advice, or of a day to come`,
    { ...failedWith(143), events: [{ reason, message: 'received' }] },
  ]),
  [
    'SPN-NODE-TAINTED',
    'the node came back',
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
    'another node’s',
    {
      ...failedWith(143),
      events: [{ reason: 'SpotInterruption', message: 'notice', about: { kind: 'Node', name: 'node2' } }],
    },
  ],
  [
    'SPN-NODE-SHUTDOWN',
    'it ended by itself after the notice of an interruption',
    {
      ...failedWith(1),
      log: thrown('java.lang.IllegalStateException: x'),
      events: [{ reason: 'SpotInterruption', message: 'Spot interruption notice' }],
    },
  ],
  ['SPN-VOLUME-CONFIGMAP', 'Spark’s own ConfigMap', saying('FailedMount', confMapMissing.message)],
  ['SPN-VOLUME-MOUNT', 'the driver has run since', { ...failedWith(1), events: [confMapMissing] }],
  ['SPN-APPLICATION-PYTHON', 'a traceback that was logged', { log: `ERROR:root:x\n${raised('KeyError: 1')}` }],
  [
    'SPN-APPLICATION-EXCEPTION',
    'an exception of another thread',
    { log: 'Exception in thread "Thread-5" java.lang.IllegalStateException: x\n' },
  ],
]
