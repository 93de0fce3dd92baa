import type { ContainerTermination } from '../evidence/driver-pod.ts'
import type { Cause, Confidence, FindingId } from '../findings/findings.ts'
import { change, inspect, type RemedySpec, rerun } from '../findings/remedies.ts'
import { inLog, inOutput } from '../log/matcher.ts'
import { lastWords } from './exit-symptoms.ts'
import { type Facts, logSource, wasKilled } from './facts.ts'
import { item, observed, type Rule, type RuleMatch } from './rule.ts'

interface ExitCode {
  readonly code: number
  readonly cause: Cause
  readonly confidence: Confidence
  readonly title: string
  readonly meaning: string
  /** Whether the end of the log shows the reason. A signal comes from outside. */
  readonly hasReason?: true
  readonly explains?: readonly FindingId[]
  readonly remedies: readonly [RemedySpec, ...RemedySpec[]]
}

const endOfLog = inspect('Read the end of the log', 'kubectl -n {namespace} logs {pod} --tail=100')
const whoEnded = inspect(
  'Check the pod’s events for what stopped it',
  'kubectl -n {namespace} get events --field-selector involvedObject.name={pod} --sort-by=.lastTimestamp',
)

/**
 * What an exit code shows if there is no other evidence. Sources of Spark's codes: org.apache.spark.util.SparkExitCode (4.0.1) and
 * SparkSubmit (101). Codes above 128 are 128 plus the number of a signal (POSIX shells and the container runtime).
 */
const exitCodes: readonly ExitCode[] = [
  {
    code: 1,
    cause: 'application',
    confidence: 'low',
    title: 'The driver ended with exit code 1',
    meaning:
      'The exit code gives no reason. The evidence shows the last error, or the last lines, of the log. If there are none, the log was lost, or the application logs elsewhere.',
    hasReason: true,
    remedies: [endOfLog, change('If the log shows no error, configure the application to also log to the console')],
  },
  {
    code: 50,
    cause: 'application',
    confidence: 'medium',
    title: 'A thread of the driver ended with an uncaught exception (exit code 50)',
    hasReason: true,
    meaning: 'Spark’s handler for uncaught exceptions exits with code 50.',
    remedies: [endOfLog],
  },
  {
    code: 101,
    cause: 'classpath',
    confidence: 'medium',
    title: 'spark-submit did not find the application’s main class (exit code 101)',
    hasReason: true,
    meaning: 'spark-submit exits with code 101 if it cannot load the main class.',
    remedies: [change('Correct --class (spec.mainClass) or the path of the jar'), endOfLog],
  },
  {
    code: 124,
    cause: 'application',
    confidence: 'medium',
    title: 'The driver reached a time limit (exit code 124)',
    meaning:
      'spark.driver.timeout (Spark 4) exits with code 124. So does the command `timeout`, if it starts the driver.',
    remedies: [change('Raise the time limit, or make the job faster')],
  },
  {
    code: 127,
    cause: 'image',
    confidence: 'medium',
    title: 'The container’s command was not found (exit code 127)',
    hasReason: true,
    meaning:
      'A shell exits with code 127 if a command does not exist. The last lines of the log usually name the command.',
    remedies: [endOfLog, change('Set JAVA_HOME, SPARK_HOME and PATH in the image, or use Spark’s own image')],
  },
  {
    code: 130,
    cause: 'node',
    confidence: 'low',
    title: 'The driver was interrupted (exit code 130)',
    meaning:
      'Exit code 130 is SIGINT: a user or a tool interrupted the driver, or the program sent the signal to itself.',
    remedies: [whoEnded],
  },
  {
    code: 134,
    cause: 'application',
    confidence: 'medium',
    title: 'The JVM aborted (exit code 134)',
    hasReason: true,
    meaning:
      'Exit code 134 is SIGABRT: a crash in native code, or -XX:+CrashOnOutOfMemoryError. The JVM writes a file hs_err_pid*.log.',
    remedies: [
      endOfLog,
      inspect(
        'Write the next crash report to the log',
        'spark-submit --conf spark.driver.extraJavaOptions=-XX:ErrorFile=/dev/stderr …',
      ),
    ],
  },
  {
    code: 137,
    cause: 'node',
    confidence: 'low',
    title: 'The driver was killed (exit code 137), but not because of its memory limit',
    meaning:
      'Exit code 137 is SIGKILL. The reason is not OOMKilled, so the container did not exceed its memory limit. Possible causes are an expired grace period, a failed liveness probe, a restart in place, memory shortage on the node, or a manual kill.',
    remedies: [whoEnded, inspect('Check whether the node was short of memory', 'kubectl describe node {node}')],
  },
  {
    code: 139,
    cause: 'application',
    confidence: 'medium',
    title: 'The driver crashed in native code (exit code 139)',
    meaning:
      'Exit code 139 is SIGSEGV: a crash in a native library (compression, JNI, a Python extension) or in the JVM itself.',
    remedies: [endOfLog, change('Try another version of the native library or of Java')],
  },
  {
    code: 142,
    cause: 'hang',
    confidence: 'low',
    title: 'A SIGALRM ended the driver (exit code 142)',
    meaning:
      'spark-nanny’s probe ends a hung driver with this signal, and writes the reason as termination message. Here Kubernetes has no such message: it was not kept, or a Python program used signal.alarm.',
    remedies: [whoEnded, inspect('Read what the sidecar recorded', 'kubectl -n {namespace} logs {pod} -c spark-nanny')],
  },
  {
    code: 143,
    cause: 'node',
    confidence: 'low',
    title: 'The driver was asked to stop and exited (exit code 143)',
    meaning:
      'Exit code 143 is SIGTERM: a user or controller deleted the pod, the node was drained, or an operator stopped the application.',
    remedies: [whoEnded, rerun('Run it again, if the stop was not intended')],
  },
]

/** SparkContext.stop (3.4 and newer); the shutdown after a signal calls it too. */
const stopped = inLog('Successfully stopped SparkContext', ['info'])

/** Log lines that the observations in this file need. */
export const exitLines = [stopped] as const

/** The last context was closed before the JVM began to shut down: the program had done its work. */
function finishedWork(facts: Facts): RuleMatch | undefined {
  const end = facts.log?.hits.get(stopped)?.last
  if (!wasKilled(facts) || facts.log === undefined || end === undefined) return undefined
  const { context, shutdown, job } = facts.log.milestones
  const wasStoppedBySignal = shutdown > context && shutdown < end.number
  const isLater = Math.max(context, job) > end.number
  if (wasStoppedBySignal || isLater || facts.log.ending !== null) return undefined
  const exit = item(
    'pod',
    `driver container: ${facts.exit?.reason ?? 'terminated'}, exit code ${facts.exit?.exitCode ?? ''}`,
  )
  return { evidence: [{ source: logSource(facts), line: end.number, excerpt: end.text, count: 1 }, exit] }
}

/** The weakest rules: any other finding explains the exit code. */
export const exitCodeRules: readonly Rule[] = [
  {
    id: 'SPN-APPLICATION-JVM-CRASH',
    cause: 'application',
    severity: 'error',
    confidence: 'high',
    title: 'The JVM crashed',
    detail: 'The JVM crashed: {signal}',
    meaning: 'A fatal error occurred in native code. “Problematic frame” in the crash report names the library.',
    matchers: [
      inOutput('^#  {signal} at pc='),
      inOutput('# A fatal error has been detected by the Java Runtime Environment'),
    ],
    explains: ['SPN-EXIT-*'],
    remedies: [
      inspect('Read the crash report', 'kubectl -n {namespace} logs {pod} | grep -A40 "fatal error has been detected"'),
      change('Try another version of the library that the report names, or of Java'),
    ],
  },
  {
    id: 'SPN-HANG-ENDED-WORK',
    cause: 'hang',
    severity: 'error',
    confidence: 'medium',
    title: 'The driver had closed its SparkContext, did not exit, and was then stopped',
    meaning:
      'Non-daemon threads kept the JVM running after the work was done, until a signal ended it. The exit code says nothing about the result: check the output before you run anything again.',
    matchers: [
      observed(
        '“Successfully stopped SparkContext” before the JVM’s shutdown, and a signal ended the driver',
        (facts) => finishedWork(facts),
      ),
    ],
    explains: ['SPN-EXIT-*'],
    remedies: [
      change('Shut down the thread pools and clients, or call System.exit(0) after stop()'),
      inspect(
        'Check the pod’s events for what stopped it',
        'kubectl -n {namespace} get events --field-selector involvedObject.name={pod} --sort-by=.lastTimestamp',
      ),
    ],
  },
  ...exitCodes.map(
    ({ code, hasReason, ...row }): Rule => ({
      ...row,
      id: `SPN-EXIT-${code}`,
      severity: 'error',
      ...(hasReason === true && { detail: `${row.title}: {reason}` }),
      matchers: [
        observed(`the driver container ended with exit code ${code}`, (facts) =>
          facts.exit?.exitCode === code && facts.exit.reason !== 'OOMKilled'
            ? describeExit(facts.exit, hasReason === true ? lastWords(facts) : null)
            : undefined,
        ),
      ],
    }),
  ),
  {
    id: 'SPN-EXIT-OTHER',
    cause: 'application',
    severity: 'error',
    confidence: 'low',
    title: 'The driver ended with an application-specific exit code',
    detail: 'The driver ended with exit code {code}',
    meaning:
      'This exit code does not match any known cause. The application, or a script that starts it, exited with this code (System.exit or sys.exit).',
    matchers: [
      observed('the driver container ended with any other non-zero exit code', (facts) => {
        const { exit } = facts
        if (exit === null || exit.exitCode === 0 || exit.reason === 'OOMKilled') return undefined
        if (knownElsewhere.has(exit.exitCode)) return undefined
        const found = describeExit(exit, lastWords(facts))
        const reason = found.details?.reason
        const suffix = reason === undefined ? '' : `: ${reason}`
        return { ...found, details: { code: `${exit.exitCode}${suffix}` } }
      }),
    ],
    remedies: [endOfLog],
  },
]

/** The end of the container, with the end of its log. */
function describeExit(
  { reason, exitCode }: ContainerTermination,
  words: ReturnType<typeof lastWords> | null,
): RuleMatch {
  const exit = item('pod', `driver container: ${reason ?? 'terminated'}, exit code ${exitCode}`)
  return { evidence: [exit, ...(words?.evidence ?? [])], ...(words?.details && { details: words.details }) }
}

/** Codes with a more specific rule: 11 (executor failures), 52 (heap) and 126 (permission). */
const knownElsewhere: ReadonlySet<number> = new Set([11, 52, 126, ...exitCodes.map(({ code }) => code)])
