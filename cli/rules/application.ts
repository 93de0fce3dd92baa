import { change, inspect, rerun, setConf } from '../findings/remedies.ts'
import { inLog } from '../log/matcher.ts'
import {
  abortedJob,
  analysisError,
  lostPythonConnection,
  pythonCall,
  pythonException,
  uncaughtException,
} from './exit-symptoms.ts'
import { item, observed, type Rule } from './rule.ts'

const ends = ['SPN-EXIT-*', 'SPN-APPLICATION-EXCEPTION'] as const
const python = [...ends, 'SPN-APPLICATION-PYTHON', 'SPN-APPLICATION-PY4J'] as const
const readLog = inspect('Read the end of the log', 'kubectl -n {namespace} logs {pod} | less +G')

const findFirst = inspect(
  'Find the first error',
  'kubectl -n {namespace} logs {pod} | grep -n -m3 -E "ERROR|Exception"',
)

/**
 * Failures of the application itself. Sources of the messages: error-conditions.json and DAGScheduler, BroadcastExchangeExec,
 * AbstractPodsAllocator of Spark 3.5 and 4.0; PySpark's errors/exceptions/captured.py; py4j's protocol.py.
 */
export const applicationRules: readonly Rule[] = [
  {
    id: 'SPN-APPLICATION-ANALYSIS',
    cause: 'application',
    severity: 'error',
    confidence: 'high',
    title: 'A query cannot be analyzed',
    detail: 'A query cannot be analyzed: {why}',
    meaning:
      'A table, column, function or type in the query does not exist or does not fit. The query fails on every run, and no setting changes that.',
    matchers: [
      observed('an analysis or parse exception of Spark that has no other cause ended the program', (facts) =>
        analysisError(facts),
      ),
    ],
    explains: python,
    remedies: [change('Correct the query, or the table that the query reads'), readLog],
  },
  {
    id: 'SPN-APPLICATION-PATH',
    cause: 'application',
    severity: 'error',
    confidence: 'high',
    title: 'An input path of the application does not exist',
    detail: 'An input path of the application does not exist: {path}',
    meaning: 'The path is wrong, or the job that writes it has not run yet.',
    matchers: [
      inLog('Path does not exist: {path}', ['uncaught']),
      inLog('Input path does not exist: {path}', ['uncaught']),
      inLog('[PATH_NOT_FOUND] Path does not exist: {path}', ['uncaught']),
    ],
    explains: [...python, 'SPN-APPLICATION-ANALYSIS'],
    remedies: [
      change('Correct the path, or first run the job that writes it'),
      rerun('Run it again when the input exists'),
    ],
  },
  {
    id: 'SPN-APPLICATION-BUCKET',
    cause: 'application',
    severity: 'error',
    confidence: 'high',
    title: 'A bucket or container of the storage does not exist',
    detail: 'A bucket or container of the storage does not exist: {path}',
    meaning: 'The name is wrong, or the endpoint is that of another storage. No retry helps.',
    matchers: [
      inLog('Bucket {path} does not exist', ['uncaught']),
      inLog('UnknownStoreException: {path}', ['uncaught']),
      inLog('The specified bucket does not exist{path}', ['uncaught']),
      inLog('The specified filesystem does not exist{path}', ['uncaught']),
      inLog('The specified container does not exist{path}', ['uncaught']),
      inLog('(NoSuchBucket) when calling the {path}', ['uncaught']),
    ],
    explains: [...python, 'SPN-APPLICATION-JOB-ABORTED', 'SPN-APPLICATION-ANALYSIS'],
    remedies: [
      change('Correct the name in the path, or create the bucket'),
      change('Check the endpoint of the storage, for example spark.hadoop.fs.s3a.endpoint'),
    ],
  },
  {
    id: 'SPN-APPLICATION-BROADCAST-TIMEOUT',
    cause: 'application',
    severity: 'error',
    confidence: 'high',
    title: 'A broadcast timed out',
    detail: 'A broadcast took longer than {timeout} seconds',
    meaning: 'The table to broadcast is slow to compute, or larger than expected.',
    matchers: [inLog('Could not execute broadcast in {timeout} secs')],
    explains: [...python, 'SPN-APPLICATION-JOB-ABORTED'],
    remedies: [
      setConf('spark.sql.broadcastTimeout', '1200', 'Raise the timeout'),
      setConf(
        'spark.sql.autoBroadcastJoinThreshold',
        '-1',
        'Disable automatic broadcasts; explicit broadcast hints still apply',
      ),
    ],
  },
  {
    id: 'SPN-APPLICATION-EXECUTOR-FAILURES',
    cause: 'application',
    severity: 'error',
    confidence: 'high',
    title: 'Too many executors failed, and Spark ended the driver',
    detail: 'More executors failed than Spark allows ({limit})',
    meaning:
      'Spark 3.5 and newer ends the driver with exit code 11 when spark.executor.maxNumFailures is reached. The executors’ own logs show why they failed.',
    matchers: [
      inLog('Max number of executor failures ({limit}) reached', ['uncaught', 'error', 'output']),
      observed('exit code 11', ({ exit }) =>
        exit?.exitCode === 11 ? { evidence: [item('pod', 'driver container: exit code 11')] } : undefined,
      ),
    ],
    explains: [...ends, 'SPN-APPLICATION-CONTEXT-STOPPED', 'SPN-APPLICATION-JOB-ABORTED'],
    remedies: [
      inspect(
        'Find out how the executors ended: Spark has deleted their pods, but the driver’s log names their exit codes',
        'kubectl -n {namespace} logs {pod} | grep -E "Lost executor|exit code"',
        'kubectl -n {namespace} get events --sort-by=.lastTimestamp',
      ),
      setConf(
        'spark.kubernetes.executor.deleteOnTermination',
        'false',
        'Keep failed executor pods so that you can read their logs',
      ),
    ],
  },
  {
    id: 'SPN-APPLICATION-JOB-ABORTED',
    cause: 'application',
    severity: 'error',
    confidence: 'medium',
    title: 'Spark aborted a job because one of its tasks failed repeatedly',
    detail: 'Spark aborted a job: {why}',
    meaning:
      'Spark runs a task up to four times (spark.task.maxFailures) before it aborts the job. The exception comes from the task.',
    matchers: [
      observed('the exception that ended the program reports “Job aborted due to stage failure”', (facts) =>
        abortedJob(facts),
      ),
    ],
    fallback: true,
    explains: [...python, 'SPN-APPLICATION-CONTEXT-STOPPED'],
    remedies: [readLog, change('Correct the code of the task, or the input on which it fails')],
  },
  {
    id: 'SPN-APPLICATION-PY4J',
    cause: 'application',
    severity: 'error',
    confidence: 'medium',
    title: 'A call from Python into Spark failed',
    detail: 'A call from Python into Spark failed: {call}',
    meaning: 'The Java exception below the Python exception shows the cause.',
    matchers: [observed('an exception of py4j ended the program', (facts) => pythonCall(facts))],
    fallback: true,
    explains: [...ends, 'SPN-APPLICATION-PYTHON'],
    remedies: [readLog],
  },
  {
    id: 'SPN-APPLICATION-PY4J-CONNECTION',
    cause: 'application',
    severity: 'error',
    confidence: 'medium',
    title: 'Python lost its connection to the JVM',
    meaning:
      'The JVM that the Python program uses has exited or does not respond. An earlier log line shows the cause.',
    matchers: [
      inLog('^py4j.protocol.Py4JNetworkError: {call}', ['uncaught', 'error']),
      observed('a connection error with frames of py4j ended the program', (facts) => lostPythonConnection(facts)),
    ],
    symptom: true,
    explains: [...ends, 'SPN-APPLICATION-PYTHON', 'SPN-APPLICATION-PY4J'],
    remedies: [findFirst],
  },
  {
    id: 'SPN-APPLICATION-PYTHON',
    cause: 'application',
    severity: 'error',
    confidence: 'medium',
    title: 'The Python program ended with an exception',
    detail: 'The Python program ended with {exception}',
    meaning: 'The Python program did not catch an exception. The traceback shows the line.',
    matchers: [
      observed('a traceback that ended the program', (facts) => pythonException(facts)),
      inLog('^SyntaxError: {exception}', ['output']),
      inLog('^IndentationError: {exception}', ['output']),
    ],
    fallback: true,
    explains: ends,
    remedies: [readLog, change('Correct the program')],
  },
  {
    id: 'SPN-APPLICATION-CONTEXT-STOPPED',
    cause: 'application',
    severity: 'error',
    confidence: 'medium',
    title: 'The application used its SparkContext after the context had stopped',
    meaning:
      'Either the application stops the context too early, or another error stopped the context first. Look for the first error in the log.',
    matchers: [
      inLog('Cannot call methods on a stopped SparkContext', ['uncaught']),
      inLog('cancelled because SparkContext was shut down', ['uncaught']),
    ],
    symptom: true,
    fallback: true,
    explains: python,
    remedies: [findFirst],
  },
  {
    id: 'SPN-APPLICATION-EXCEPTION',
    cause: 'application',
    severity: 'error',
    confidence: 'medium',
    title: 'The main thread of the application ended with an exception',
    detail: 'The application ended with {exception}',
    meaning:
      'This exception does not match any known cause. Its class and its frames belong to the application or to Spark, not to another library.',
    matchers: [observed('an uncaught exception of the main thread', (facts) => uncaughtException(facts))],
    fallback: true,
    explains: ['SPN-EXIT-*'],
    remedies: [readLog, change('Correct the application, or its input')],
  },
]
