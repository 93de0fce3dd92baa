import { valueIn } from '../evidence/evidence.ts'
import { change, deletePod, inspect, raiseMemory, rerun } from '../findings/remedies.ts'
import { inLog } from '../log/matcher.ts'
import { endingException, isAlive, logSource } from './facts.ts'
import {
  blockedMain,
  closedContext,
  deadlock,
  deadlyGcShare,
  findHangMessage,
  garbageCollection,
  missingSpark,
  returnedMain,
} from './hang-detectors.ts'
import { inMessages, item, observed, type Rule } from './rule.ts'

const threadDump = inspect(
  'Take a thread dump',
  `kubectl -n {namespace} exec {pod} -c {container} -- sh -c 'kill -QUIT $(pgrep -x java)'`,
  'kubectl -n {namespace} logs {pod} -c {container} --tail=500',
)

/**
 * A driver that is running but makes no progress. Sources: thread dumps: org.apache.spark.status.api.v1.ThreadStackTrace; garbage
 * collection time: org.apache.spark.metrics.GarbageCollectionMetrics; verdicts: core/verdict/verdict.ts.
 */
export const hangRules: readonly Rule[] = [
  {
    id: 'SPN-HANG-DEADLOCK',
    cause: 'hang',
    severity: 'error',
    confidence: 'high',
    title: 'Driver threads are deadlocked',
    detail: 'Driver threads are deadlocked: {threads}',
    meaning:
      'Each thread holds a lock that the next thread needs. Only a new JVM ends the deadlock. To prevent it, change the code that takes the locks in different orders.',
    matchers: [
      observed('a cycle of blocked threads in the thread dump', ({ evidence }) =>
        deadlock(valueIn(evidence.threads) ?? []),
      ),
    ],
    statesWhileRunning: [],
    explains: ['SPN-HANG-*'],
    remedies: [
      deletePod('Delete the driver pod, so that its owner starts it again', 'kubectl -n {namespace} delete pod {pod}'),
      change('Change the code shown in the thread dump to take the locks in the same order'),
    ],
  },
  {
    id: 'SPN-HANG-BLOCKED-MAIN',
    cause: 'hang',
    severity: 'error',
    confidence: 'medium',
    title: 'The main thread of the driver is blocked by a lock',
    detail: 'The main thread of the driver is blocked by a lock that {owner} holds',
    meaning:
      'Another thread holds a lock that the driver’s main thread needs. Short waits are normal, so this is only reported if the driver also does not respond.',
    matchers: [
      observed(
        'the thread `main` is BLOCKED in the thread dump, and the sidecar’s verdict is hung or failing',
        ({ evidence }) =>
          /^(hung|failing)$/.test(valueIn(evidence.sidecar)?.state ?? '')
            ? blockedMain(valueIn(evidence.threads) ?? [])
            : undefined,
      ),
    ],
    statesWhileRunning: [],
    explains: ['SPN-HANG-UNRESPONSIVE'],
    remedies: [threadDump, change('Find out what the thread that holds the lock is waiting for')],
  },
  {
    id: 'SPN-HANG-GC',
    cause: 'hang',
    severity: 'error',
    confidence: 'high',
    title: 'The driver is busy with garbage collection',
    detail: 'The driver spent {share} % of its time in garbage collection',
    meaning:
      'The heap is nearly full, so the JVM pauses the application again and again. The driver responds late or not at all.',
    matchers: [
      observed(
        `garbage collection took at least ${deadlyGcShare * 100} % of the time since the driver started`,
        (facts) => garbageCollection(facts),
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
    title: 'Spark’s scheduler thread died',
    meaning: 'The driver is still running, but without the thread that runs its jobs. Every further job waits forever.',
    matchers: [
      inLog('DAGSchedulerEventProcessLoop failed; shutting down SparkContext', ['error']),
      inLog('throw uncaught fatal error in thread {thread}', ['error']),
      inLog('uncaught error in thread {thread}, stopping SparkContext', ['error']),
      inLog('Uncaught exception in thread dag-scheduler-event-loop', ['error']),
    ],
    statesWhileRunning: ['error'],
    explains: ['SPN-HANG-UNRESPONSIVE', 'SPN-APPLICATION-CONTEXT-STOPPED', 'SPN-HANG-CLOSED-CONTEXT', 'SPN-EXIT-*'],
    remedies: [
      deletePod('Delete the driver pod, so that its owner starts it again', 'kubectl -n {namespace} delete pod {pod}'),
      inspect(
        'Find out what ended the thread',
        'kubectl -n {namespace} logs {pod} | grep -A20 -E "uncaught (fatal )?error in thread|EventProcessLoop failed"',
      ),
    ],
  },
  {
    id: 'SPN-HANG-MAIN-ENDED',
    cause: 'hang',
    severity: 'error',
    confidence: 'high',
    title: 'The main thread failed, and other threads keep the driver running',
    meaning:
      'The application ended with an exception, but non-daemon threads keep the JVM, the pod and its executors running.',
    matchers: [
      observed('an exception ended the thread `main`, and the container is still running', (facts) => {
        const [first] = endingException(facts)
        // If another thread started a job after the exception, the driver is still working.
        const works = first !== undefined && (facts.log?.milestones.job ?? 0) > first.number
        if (!isAlive(facts) || works || !first?.text.startsWith('Exception in thread "main"')) return undefined
        return { evidence: [{ source: logSource(facts), line: first.number, excerpt: first.text, count: 1 }] }
      }),
    ],
    statesWhileRunning: [],
    explains: ['SPN-HANG-UNRESPONSIVE', 'SPN-HANG-CLOSED-CONTEXT', 'SPN-APPLICATION-EXCEPTION'],
    remedies: [
      deletePod('Delete the driver pod', 'kubectl -n {namespace} delete pod {pod}'),
      change('Stop the SparkContext in a finally block, use daemon threads, or call System.exit'),
    ],
  },
  {
    id: 'SPN-HANG-CLOSED-CONTEXT',
    cause: 'hang',
    severity: 'warning',
    confidence: 'medium',
    title: 'The SparkContext is closed, but the JVM does not exit',
    meaning:
      'Non-daemon threads are still running after the work is done, for example a thread pool or a client that was not shut down. The driver may also still be committing output: check before you delete the pod.',
    matchers: [
      observed(
        '“Successfully stopped SparkContext” without a JVM shutdown, and the container is still running two minutes later',
        (facts) => closedContext(facts),
      ),
    ],
    statesWhileRunning: [],
    explains: ['SPN-HANG-UNRESPONSIVE'],
    remedies: [threadDump, change('Shut down the thread pools, or call System.exit(0) after stop()')],
  },
  {
    id: 'SPN-HANG-MAIN-RETURNED',
    cause: 'hang',
    severity: 'error',
    confidence: 'medium',
    title: 'The main thread has returned, and other threads keep the driver running',
    detail: 'The main thread has returned, and other threads keep the driver running: {threads}',
    meaning:
      'The program has ended without SparkSession.stop() and System.exit(). Threads that are not daemons keep the JVM, the pod and its executors running, and no job has run for at least ten minutes.',
    matchers: [
      observed(
        'the thread dump has DestroyJavaVM but not `main`, no thread of a server, and the log has been quiet for ten minutes',
        (facts) => returnedMain(facts),
      ),
    ],
    statesWhileRunning: [],
    explains: ['SPN-HANG-UNRESPONSIVE', 'SPN-HANG-CLOSED-CONTEXT'],
    remedies: [
      change('Call SparkSession.stop() in a finally block at the end of main, and System.exit(0) after it'),
      deletePod('If its output is complete, delete the driver pod', 'kubectl -n {namespace} delete pod {pod}'),
    ],
  },
  {
    id: 'SPN-HANG-NO-SPARK',
    cause: 'hang',
    severity: 'warning',
    confidence: 'low',
    title: 'Spark has not started in the container',
    detail: 'Spark has not started for {minutes} minutes; the last line is: {last}',
    meaning:
      'The container runs and prints something, but no logger has written a record. It may run another program, or wait before it creates the SparkContext.',
    matchers: [
      observed(
        'the container has been running for 30 minutes, its log has no record, and nothing else shows that Spark has started',
        (facts) => missingSpark(facts),
      ),
    ],
    statesWhileRunning: [],
    remedies: [
      threadDump,
      inspect(
        'See which program runs',
        'kubectl -n {namespace} exec {pod} -c {container} -- sh -c \'cat /proc/1/cmdline | tr \\\\0 " "\'',
      ),
    ],
  },
  {
    id: 'SPN-HANG-RESTARTED',
    cause: 'hang',
    severity: 'error',
    confidence: 'high',
    title: 'spark-nanny restarted the driver in place because it hung',
    meaning:
      'The sidecar exited with code 88, so the kubelet restarted all containers of the pod. The SIGKILL of the driver is part of that restart.',
    matchers: [
      observed('the sidecar ended with exit code 88', ({ pod, run }) => {
        const sidecar = pod?.others.find(({ name }) => name === 'spark-nanny')
        const end = sidecar?.last ?? (sidecar?.state.kind === 'terminated' ? sidecar.state : null)
        if (run !== 'previous' || end?.exitCode !== 88) return undefined
        return { evidence: [item('pod', `spark-nanny: exit code 88${end.message === null ? '' : `: ${end.message}`}`)] }
      }),
    ],
    explains: ['SPN-EXIT-*'],
    remedies: [
      inspect('Read the reason in the sidecar’s log', 'kubectl -n {namespace} logs {pod} -c spark-nanny --previous'),
    ],
  },
  {
    id: 'SPN-HANG-ENDED',
    cause: 'hang',
    severity: 'error',
    confidence: 'high',
    title: 'spark-nanny ended the driver because it hung',
    detail: 'spark-nanny ended the driver because it hung: {why}',
    meaning:
      'The liveness probe ended the JVM after the sidecar’s verdict. The reason is the termination message of the container. On the first doubt, the probe requested a thread dump, which is in the driver’s log.',
    matchers: [
      observed('the termination message of the driver container gives the reason of a hang', ({ exit }) => {
        const why = exit === null ? undefined : findHangMessage(exit.message ?? '')
        if (exit === null || why === undefined) return undefined
        return { evidence: [item('pod', `driver container: exit code ${exit.exitCode}: ${why}`)], details: { why } }
      }),
    ],
    explains: ['SPN-EXIT-*', 'SPN-HANG-PROBE'],
    remedies: [
      inspect(
        'Find what the threads did, in the thread dump of the driver’s log',
        'kubectl -n {namespace} logs {pod} -c {container} | grep -n -A40 "Full thread dump"',
      ),
      inspect('Read what the sidecar recorded', 'kubectl -n {namespace} logs {pod} -c spark-nanny'),
    ],
  },
  {
    id: 'SPN-HANG-PROBE',
    cause: 'hang',
    severity: 'error',
    confidence: 'medium',
    title: 'A probe of the driver’s container failed, and the kubelet ended the driver',
    detail: 'The {probe} probe of the driver’s container failed, and the kubelet ended the driver',
    meaning:
      'The driver did not answer in time: it hung, it was busy with garbage collection, or its CPU was throttled. Or the probe checks a port that the driver opens late or closes early.',
    matchers: [inMessages('failed {probe} probe, will be restarted', ['event'], 'Killing')],
    explains: ['SPN-EXIT-*'],
    remedies: [
      inspect('Read the messages of the probe', 'kubectl -n {namespace} describe pod {pod}'),
      change('Remove the probe, or give it a longer timeout and more failures before it ends the driver'),
    ],
  },
  {
    id: 'SPN-HANG-UNRESPONSIVE',
    cause: 'hang',
    severity: 'error',
    confidence: 'medium',
    title: 'The driver does not respond',
    detail: 'The driver does not respond: {why}',
    meaning:
      'spark-nanny’s sidecar polled the Spark UI and concluded that the driver hangs. The cause is not known: the JVM may be frozen, out of memory or deadlocked.',
    matchers: [
      observed('the sidecar’s verdict is hung', ({ evidence, run }) => {
        const report = valueIn(evidence.sidecar)
        if (run !== 'current' || report?.state !== 'hung') return undefined
        const why = [report.reason, report.detail].filter((text) => text !== null).join(': ')
        const frame = report.topFrame === null ? [] : [item('sidecar', `black box: ${report.topFrame}`)]
        return { evidence: [item('sidecar', `verdict hung: ${why}`), ...frame], details: { why } }
      }),
    ],
    statesWhileRunning: [],
    remedies: [
      threadDump,
      deletePod('Delete the driver pod, so that its owner starts it again', 'kubectl -n {namespace} delete pod {pod}'),
      rerun('Run it again'),
    ],
  },
]
