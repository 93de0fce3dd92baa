import { valueIn } from '../evidence/evidence.ts'
import { change, inspect, raiseMemory, rerun } from '../findings/remedies.ts'
import { inLog } from '../log/matcher.ts'
import { endingException, isAlive, logSource } from './facts.ts'
import { blockedMain, closedContext, deadlock, deadlyGcShare, garbageCollection } from './hang-detectors.ts'
import { item, observed, type Rule } from './rule.ts'

const threadDump = inspect(
  'Take a thread dump',
  `kubectl -n {namespace} exec {pod} -c {container} -- sh -c 'kill -QUIT $(pgrep -x java)'`,
  'kubectl -n {namespace} logs {pod} -c {container} --tail=500',
)

/**
 * A driver that is there and does nothing. Thread dumps: org.apache.spark.status.api.v1.ThreadStackTrace; the figure of
 * garbage collection: org.apache.spark.metrics.GarbageCollectionMetrics; verdicts: core/verdict/verdict.ts.
 */
export const hangRules: readonly Rule[] = [
  {
    id: 'SPN-HANG-DEADLOCK',
    cause: 'hang',
    severity: 'error',
    confidence: 'high',
    title: 'Threads of the driver wait for each other for ever',
    detail: 'Threads of the driver wait for each other for ever: {threads}',
    meaning:
      'Each holds a lock that the next one wants. Nothing but a new JVM ends it, and the code that takes the locks in two orders has to change.',
    matchers: [
      observed('a cycle of blocked threads in the thread dump', ({ evidence }) =>
        deadlock(valueIn(evidence.threads) ?? []),
      ),
    ],
    statesWhileRunning: [],
    explains: ['SPN-HANG-*'],
    remedies: [
      {
        kind: 'delete-pod',
        title: 'End this driver, so that its owner runs it again',
        commands: ['kubectl -n {namespace} delete pod {pod}'],
      },
      change('Take the locks in one order in the code that the dump names'),
    ],
  },
  {
    id: 'SPN-HANG-BLOCKED-MAIN',
    cause: 'hang',
    severity: 'error',
    confidence: 'medium',
    title: 'The main thread of the driver waits for a lock',
    detail: 'The main thread of the driver waits for a lock that {owner} holds',
    meaning:
      'The driver’s main thread is blocked by another thread that does not let go. Each driver waits so for a moment; it counts where the driver does not answer.',
    matchers: [
      observed(
        'a thread `main` in state BLOCKED in the thread dump of a driver whose sidecar’s verdict is hung or failing',
        ({ evidence }) =>
          /^(hung|failing)$/.test(valueIn(evidence.sidecar)?.state ?? '')
            ? blockedMain(valueIn(evidence.threads) ?? [])
            : undefined,
      ),
    ],
    statesWhileRunning: [],
    explains: ['SPN-HANG-UNRESPONSIVE'],
    remedies: [threadDump, change('See what the thread that holds the lock waits for')],
  },
  {
    id: 'SPN-HANG-GC',
    cause: 'hang',
    severity: 'error',
    confidence: 'high',
    title: 'The driver is busy with garbage collection',
    detail: 'The driver spent {share} % of its time with garbage collection',
    meaning:
      'The heap is nearly full, so that the JVM stops the program again and again. It answers late or not at all.',
    matchers: [
      observed(`garbage collection that took more than ${deadlyGcShare * 100} % of the driver’s life`, (facts) =>
        garbageCollection(facts),
      ),
    ],
    statesWhileRunning: [],
    explains: ['SPN-HANG-UNRESPONSIVE'],
    remedies: [raiseMemory('spark.driver.memory', 'Give the driver a larger heap')],
  },
  {
    id: 'SPN-HANG-SCHEDULER',
    cause: 'hang',
    severity: 'error',
    confidence: 'high',
    title: 'Spark’s own scheduler thread died',
    meaning: 'The driver lives on without the thread that runs its jobs: each further job waits for ever.',
    matchers: [
      inLog('DAGSchedulerEventProcessLoop failed; shutting down SparkContext', ['error']),
      inLog('throw uncaught fatal error in thread {thread}', ['error']),
      inLog('uncaught error in thread {thread}, stopping SparkContext', ['error']),
      inLog('Uncaught exception in thread dag-scheduler-event-loop', ['error']),
    ],
    statesWhileRunning: ['error'],
    explains: ['SPN-HANG-UNRESPONSIVE', 'SPN-APPLICATION-CONTEXT-STOPPED', 'SPN-HANG-CLOSED-CONTEXT', 'SPN-EXIT-*'],
    remedies: [
      {
        kind: 'delete-pod',
        title: 'End this driver, so that its owner runs it again',
        commands: ['kubectl -n {namespace} delete pod {pod}'],
      },
      inspect(
        'Read what ended the thread',
        'kubectl -n {namespace} logs {pod} | grep -A20 -E "uncaught (fatal )?error in thread|EventProcessLoop failed"',
      ),
    ],
  },
  {
    id: 'SPN-HANG-MAIN-ENDED',
    cause: 'hang',
    severity: 'error',
    confidence: 'high',
    title: 'The main thread failed, and other threads keep the driver alive',
    meaning:
      'The application has ended with an exception, but threads that are no daemons keep the JVM, the pod and its executors.',
    matchers: [
      observed('an exception that ended the thread `main`, in a container that still runs', (facts) => {
        const [first] = endingException(facts)
        // Threads that go on with jobs are at work.
        const works = first !== undefined && (facts.log?.milestones.job ?? 0) > first.number
        if (!isAlive(facts) || works || !first?.text.startsWith('Exception in thread "main"')) return undefined
        return { evidence: [{ source: logSource(facts), line: first.number, excerpt: first.text, count: 1 }] }
      }),
    ],
    statesWhileRunning: [],
    explains: ['SPN-HANG-UNRESPONSIVE', 'SPN-HANG-CLOSED-CONTEXT', 'SPN-APPLICATION-EXCEPTION'],
    remedies: [
      { kind: 'delete-pod', title: 'End this driver', commands: ['kubectl -n {namespace} delete pod {pod}'] },
      change('Stop the SparkContext in a finally block, make the threads daemons, or end by System.exit'),
    ],
  },
  {
    id: 'SPN-HANG-CLOSED-CONTEXT',
    cause: 'hang',
    severity: 'warning',
    confidence: 'medium',
    title: 'The SparkContext is closed, and the JVM does not end',
    meaning:
      'Threads that are no daemons go on after the work is done: a pool that nobody shut down, a client of something. Or it still commits output: look before you end it.',
    matchers: [
      observed(
        '“Successfully stopped SparkContext” without a shutdown, in a container that still runs two minutes later',
        (facts) => closedContext(facts),
      ),
    ],
    statesWhileRunning: [],
    explains: ['SPN-HANG-UNRESPONSIVE'],
    remedies: [threadDump, change('Shut the pools down, or end by System.exit(0) after stop()')],
  },
  {
    id: 'SPN-HANG-RESTARTED',
    cause: 'hang',
    severity: 'error',
    confidence: 'high',
    title: 'spark-nanny restarted the driver in place, since it hung',
    meaning:
      'The sidecar ended with exit code 88, which has the kubelet restart all containers of the pod. SIGKILL of the driver is part of that.',
    matchers: [
      observed('a sidecar that ended with exit code 88', ({ pod, run }) => {
        const sidecar = pod?.others.find(({ name }) => name === 'spark-nanny')
        const end = sidecar?.last ?? (sidecar?.state.kind === 'terminated' ? sidecar.state : null)
        if (run !== 'previous' || end?.exitCode !== 88) return undefined
        return { evidence: [item('pod', `spark-nanny: exit code 88${end.message === null ? '' : `: ${end.message}`}`)] }
      }),
    ],
    explains: ['SPN-EXIT-*'],
    remedies: [inspect('Read why in its log', 'kubectl -n {namespace} logs {pod} -c spark-nanny --previous')],
  },
  {
    id: 'SPN-HANG-UNRESPONSIVE',
    cause: 'hang',
    severity: 'error',
    confidence: 'medium',
    title: 'The driver does not answer',
    detail: 'The driver does not answer: {why}',
    meaning:
      'spark-nanny’s sidecar asked the Spark UI and concluded that the driver hangs. Why it does is not known: the JVM is frozen, out of memory, or deadlocked.',
    matchers: [
      observed('a sidecar whose verdict is hung', ({ evidence, run }) => {
        const report = valueIn(evidence.sidecar)
        if (run !== 'current' || report?.state !== 'hung') return undefined
        const why = [report.reason, report.detail].filter((text) => text !== null).join(': ')
        return { evidence: [item('sidecar', `verdict hung: ${why}`)], details: { why } }
      }),
    ],
    statesWhileRunning: [],
    remedies: [
      threadDump,
      {
        kind: 'delete-pod',
        title: 'End this driver, so that its owner runs it again',
        commands: ['kubectl -n {namespace} delete pod {pod}'],
      },
      rerun('Run it again'),
    ],
  },
]
