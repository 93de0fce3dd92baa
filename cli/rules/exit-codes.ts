import type { Cause, Confidence, FindingId } from '../findings/findings.ts'
import { change, inspect, type RemedySpec, rerun } from '../findings/remedies.ts'
import { inOutput } from '../log/matcher.ts'
import { item, observed, type Rule } from './rule.ts'

interface ExitCode {
  readonly code: number
  readonly cause: Cause
  readonly confidence: Confidence
  readonly title: string
  readonly meaning: string
  readonly suppresses?: readonly FindingId[]
  readonly remedies: readonly [RemedySpec, ...RemedySpec[]]
}

const endOfLog = inspect('Read the end of the log', 'kubectl -n {namespace} logs {pod} --tail=100')
const whoEnded = inspect(
  'See who ended it',
  'kubectl -n {namespace} get events --field-selector involvedObject.name={pod} --sort-by=.lastTimestamp',
)

/**
 * What an exit code says when nothing else does. Spark's: org.apache.spark.util.SparkExitCode (4.0.1) and
 * SparkSubmit (101); above 128 the number of a signal is added (POSIX shells, and the container runtime).
 */
const exitCodes: readonly ExitCode[] = [
  {
    code: 1,
    cause: 'application',
    confidence: 'low',
    title: 'The driver ended with exit code 1',
    meaning:
      'Nothing says why. The JVM or Python ended by an exception or by System.exit(1). The log was lost, or goes elsewhere.',
    remedies: [endOfLog, change('Let the application log to the console too')],
  },
  {
    code: 50,
    cause: 'application',
    confidence: 'medium',
    title: 'A thread of the driver ended with an exception that nothing caught (exit code 50)',
    meaning: 'Exit code 50 is that of Spark’s handler of uncaught exceptions.',
    remedies: [endOfLog],
  },
  {
    code: 101,
    cause: 'classpath',
    confidence: 'medium',
    title: 'spark-submit did not find the application’s class (exit code 101)',
    meaning: 'Exit code 101 is that of spark-submit for a main class that cannot be loaded.',
    remedies: [change('Correct --class (spec.mainClass) and the path of the jar'), endOfLog],
  },
  {
    code: 124,
    cause: 'application',
    confidence: 'medium',
    title: 'The driver ran into a time limit (exit code 124)',
    meaning:
      'Exit code 124 is that of spark.driver.timeout (Spark 4), and of the command `timeout` in front of a driver.',
    remedies: [change('Raise the limit, or make the job faster')],
  },
  {
    code: 127,
    cause: 'image',
    confidence: 'medium',
    title: 'A command that the image should run does not exist (exit code 127)',
    meaning:
      'Exit code 127 is that of a shell that finds no such command: java, python3 or spark-submit is not in the image’s PATH.',
    remedies: [endOfLog, change('Set JAVA_HOME, SPARK_HOME and PATH in the image, or take Spark’s own')],
  },
  {
    code: 134,
    cause: 'application',
    confidence: 'medium',
    title: 'The JVM aborted itself (exit code 134)',
    meaning:
      'Exit code 134 is SIGABRT: a crash in native code, or -XX:+CrashOnOutOfMemoryError. The JVM leaves a file hs_err_pid*.log.',
    remedies: [
      endOfLog,
      inspect(
        'Keep the crash report of the next time',
        'spark-submit --conf spark.driver.extraJavaOptions=-XX:ErrorFile=/dev/stderr …',
      ),
    ],
  },
  {
    code: 137,
    cause: 'node',
    confidence: 'low',
    title: 'The driver was killed (exit code 137), and not for its container’s memory',
    meaning:
      'Exit code 137 is SIGKILL. Without the reason OOMKilled it is no out of memory of the container: a grace period that ran ' +
      'out, a failed liveness probe, an in-place restart, the node’s own shortage of memory, or a hand.',
    remedies: [whoEnded, inspect('See whether the node was short of memory', 'kubectl describe node {node}')],
  },
  {
    code: 139,
    cause: 'application',
    confidence: 'medium',
    title: 'The driver crashed in native code (exit code 139)',
    meaning: 'Exit code 139 is SIGSEGV: a native library (compression, JNI, a Python extension), or the JVM itself.',
    remedies: [endOfLog, change('Try another version of the native library or of Java')],
  },
  {
    code: 143,
    cause: 'node',
    confidence: 'low',
    title: 'The driver was asked to stop (exit code 143), and did',
    meaning:
      'Exit code 143 is SIGTERM: somebody deleted the pod, or the node was drained, or an operator ended the application.',
    remedies: [whoEnded, rerun('Run it again, if nobody meant to stop it')],
  },
]

/** The weakest rules: whatever else is found explains the exit code. */
export const exitCodeRules: readonly Rule[] = [
  {
    id: 'SPN-APPLICATION-JVM-CRASH',
    cause: 'application',
    severity: 'error',
    confidence: 'high',
    title: 'The JVM crashed',
    detail: 'The JVM crashed: {signal}',
    meaning: 'A fatal error in native code. The report under this line names the library in “Problematic frame”.',
    matchers: [
      inOutput('^#  {signal} at pc='),
      inOutput('# A fatal error has been detected by the Java Runtime Environment'),
    ],
    explains: ['SPN-EXIT-*'],
    remedies: [
      inspect('Read the report', 'kubectl -n {namespace} logs {pod} | grep -A40 "fatal error has been detected"'),
      change('Try another version of the library that it names, or of Java'),
    ],
  },
  ...exitCodes.map(
    ({ code, ...row }): Rule => ({
      ...row,
      id: `SPN-EXIT-${code}`,
      severity: 'error',
      matchers: [
        observed(`a driver container that ended with exit code ${code}`, ({ exit }) =>
          exit?.exitCode === code && exit.reason !== 'OOMKilled'
            ? { evidence: [item('pod', `driver container: ${exit.reason ?? 'terminated'}, exit code ${code}`)] }
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
    title: 'The driver ended with an exit code of the application’s own',
    detail: 'The driver ended with exit code {code}',
    meaning: 'No rule knows this exit code: System.exit or sys.exit of the application, or of a script in front of it.',
    matchers: [
      observed('a driver container that ended with any other exit code than 0', ({ exit }) => {
        if (exit === null || exit.exitCode === 0 || exit.reason === 'OOMKilled') return undefined
        if (knownElsewhere.has(exit.exitCode)) return undefined
        const excerpt = `driver container: ${exit.reason ?? 'terminated'}, exit code ${exit.exitCode}`
        return { evidence: [item('pod', excerpt)], details: { code: String(exit.exitCode) } }
      }),
    ],
    remedies: [endOfLog],
  },
]

/** 11: executor failures, 52: heap, 126: permission. */
const knownElsewhere: ReadonlySet<number> = new Set([11, 52, 126, ...exitCodes.map(({ code }) => code)])
