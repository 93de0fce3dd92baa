import { type Documents, readDocuments, toDocuments } from '../../../cli/diagnosis/documents.ts'
import { absent, type Evidence, type EvidenceReading } from '../../../cli/evidence/evidence.ts'
import { scanText } from '../../../cli/log/scan.ts'
import { logMatchers } from '../../../cli/rules/catalogue.ts'

/** The differences from the default case: a driver that failed with exit code 1 and an empty log. */
export interface EvidenceCase {
  /** The text of the log. Null if there is no log. */
  readonly log?: string | null
  readonly previousLog?: string
  /** The state of the driver's container. Null if there is no pod. */
  readonly state?: object | null
  readonly lastState?: object
  readonly phase?: string
  /** Overrides fields of the pod's status. */
  readonly status?: object
  readonly spec?: object
  readonly sidecar?: object
  readonly events?: readonly CaseEvent[]
  readonly node?: object
  readonly application?: object
  readonly report?: object
  readonly threads?: readonly object[]
  readonly executors?: readonly object[]
  readonly conf?: string
  readonly ageMs?: number
}

interface CaseEvent {
  readonly reason: string
  readonly message: string
  readonly count?: number
  /** The object of the event. By default the driver's pod. */
  readonly about?: object
}

export const nowMs = Date.parse('2026-11-24T12:00:00Z')
const ago = (ms: number) => new Date(nowMs - ms).toISOString()

export const failedWith = (exitCode: number, reason = 'Error', message?: string): EvidenceCase => ({
  state: { terminated: { exitCode, reason, message, finishedAt: ago(0) } },
})
export const running: EvidenceCase = { phase: 'Running', state: { running: { startedAt: ago(600_000) } } }
export const pending: EvidenceCase = {
  phase: 'Pending',
  log: null,
  state: { waiting: { reason: 'ContainerCreating' } },
}
export const unscheduled: EvidenceCase = { phase: 'Pending', log: null, state: {} }
export const waitingForNode = {
  ...unscheduled,
  status: {
    conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '3 Insufficient cpu.' }],
  },
  events: [{ reason: 'FailedScheduling', message: '3 Insufficient cpu.' }],
}
export const withEvent = (reason: string, message: string): EvidenceCase => ({
  ...pending,
  events: [{ reason, message }],
})
export const waiting = (reason: string, message: string): EvidenceCase => ({
  ...pending,
  state: { waiting: { reason, message } },
})

export function buildEvidence(evidenceCase: EvidenceCase): Evidence {
  const documents: Partial<Record<keyof Documents, unknown>> = {
    pod: evidenceCase.state === null ? undefined : buildPod(evidenceCase),
    events: { items: (evidenceCase.events ?? []).map(buildEvent) },
    node: evidenceCase.node && {
      metadata: { name: 'node1' },
      spec: {},
      status: { conditions: [], ...evidenceCase.node },
    },
    application: evidenceCase.application,
    sidecar: evidenceCase.report,
    threads: evidenceCase.threads,
    executors: evidenceCase.executors,
    conf: evidenceCase.conf,
  }
  const log = (text: string | null | undefined, source: string) =>
    text == null ? absent : { kind: 'read' as const, value: scanText(text, logMatchers), source }
  return {
    ...readDocuments(
      toDocuments((name): EvidenceReading<unknown> => {
        const value = documents[name]
        return value === undefined ? absent : { kind: 'read', value, source: name }
      }),
    ),
    subject: { namespace: 'jobs', pod: 'nightly-driver', application: null },
    collectedMs: nowMs,
    log: log(evidenceCase.log === undefined ? '' : evidenceCase.log, 'driver.log'),
    previousLog: log(evidenceCase.previousLog, 'previous.log'),
  }
}

function buildPod({ state, lastState, phase = 'Failed', status, spec, sidecar, ageMs = 900_000 }: EvidenceCase) {
  const driver = {
    name: 'spark-kubernetes-driver',
    restartCount: lastState === undefined ? 0 : 1,
    state: state ?? failedWith(1).state,
    ...(lastState !== undefined && { lastState }),
  }
  return {
    metadata: { name: 'nightly-driver', namespace: 'jobs', uid: 'u1', creationTimestamp: ago(ageMs), labels: {} },
    spec: {
      containers: [
        {
          name: driver.name,
          image: 'registry.example/spark:4',
          args: ['driver'],
          resources: { limits: { memory: '1Gi' } },
        },
      ],
      ...(sidecar !== undefined && { initContainers: [{ name: 'spark-nanny' }] }),
      nodeName: 'node1',
      serviceAccountName: 'spark',
      ...spec,
    },
    status: {
      phase,
      containerStatuses: [driver],
      ...(sidecar !== undefined && { initContainerStatuses: [{ name: 'spark-nanny', restartCount: 1, ...sidecar }] }),
      ...status,
    },
  }
}

const buildEvent = ({ reason, message, count = 1, about }: CaseEvent) => ({
  type: 'Warning',
  reason,
  message,
  count,
  firstTimestamp: ago(300_000),
  lastTimestamp: ago(10_000),
  involvedObject: about ?? { kind: 'Pod', name: 'nightly-driver', namespace: 'jobs', uid: 'u1' },
})

/** A thread as in the thread dump of the Spark UI. */
export const thread = (id: number, name: string, state: string, blockedBy: number | null = null, isDaemon = false) => ({
  threadId: id,
  threadName: name,
  threadState: state,
  stackTrace: { elems: ['App.run(App.java:5)\n'] },
  ...(blockedBy !== null && { blockedByThreadId: blockedBy }),
  blockedByLock: blockedBy === null ? '' : 'Lock(java.lang.Object@1)',
  isDaemon,
})

/** Log records in Spark's default layout. */
export const info = (logger: string, message: string) => `26/11/24 11:50:00 INFO ${logger}: ${message}\n`
export const warn = (logger: string, message: string) => `26/11/24 11:50:00 WARN ${logger}: ${message}\n`
export const error = (logger: string, message: string) => `26/11/24 11:50:00 ERROR ${logger}: ${message}\n`

/** The log records of a driver's milestones. */
export const contextStarted = info('SparkContext', 'Running Spark version 4.0.1')
export const registered = info(
  'KubernetesClusterSchedulerBackend$KubernetesDriverEndpoint',
  'Registered executor NettyRpcEndpointRef(spark-client://Executor) (10.0.0.9:4) with ID 1',
)
export const jobStarted = info('SparkContext', 'Starting job: count at App.java:10')
export const jobFinished = info('DAGScheduler', 'Job 0 finished: count at App.java:10, took 2162.148338 ms')
export const finishedJobLog = contextStarted + registered + jobStarted + jobFinished
export const shutdownLog =
  info('SparkContext', 'Invoking stop() from shutdown hook') +
  info('SparkContext', 'Successfully stopped SparkContext') +
  info('ShutdownHookManager', 'Shutdown hook called')

/** The log of an uncaught exception of the main thread with its causes. */
export function uncaughtException(...chain: readonly string[]): string {
  const [first = '', ...causes] = chain
  const frames =
    '\tat com.example.App.main(App.java:12)\n\tat org.apache.spark.deploy.SparkSubmit.main(SparkSubmit.scala)\n'
  return [
    `Exception in thread "main" ${first}\n${frames}`,
    ...causes.map((cause) => `Caused by: ${cause}\n${frames}\t... 12 more\n`),
    info('ShutdownHookManager', 'Shutdown hook called'),
  ].join('')
}

/** The log of a Python traceback. */
export const pythonTraceback = (exception: string) =>
  `Traceback (most recent call last):\n  File "/opt/app.py", line 7, in <module>\n    main()\n${exception}\n`
