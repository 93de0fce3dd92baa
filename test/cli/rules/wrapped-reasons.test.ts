import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { diagnose } from '../../../cli/diagnosis/diagnose.ts'
import { buildEvidence, contextStarted, error, jobStarted, registered, shutdownLog } from './evidence-case.ts'

const frames =
  '\tat com.acme.etl.Main$.main(Main.scala:18)\n\tat org.apache.spark.deploy.SparkSubmit.main(SparkSubmit.scala)\n'
const lostTask =
  'org.apache.spark.SparkException: Job aborted due to stage failure: Task 0 in stage 0.0 failed 4 times, most recent failure: Lost task 0.3 in stage 0.0 (TID 3) (10.0.0.9 executor 1): '
const traceback = 'Traceback (most recent call last):\n  File "/opt/app/job.py", line 12, in <module>\n'

/** Each shows the exception as one kind of program or of log does. */
const shapes: Readonly<Record<string, (exception: string) => string>> = {
  'the main thread': (it) => `Exception in thread "main" ${it}\n${frames}`,
  'a cause of the main thread’s exception': (it) =>
    `Exception in thread "main" java.lang.RuntimeException: load failed\n${frames}Caused by: ${it}\n${frames}\t... 3 more\n`,
  'a future': (it) => `Exception in thread "main" java.util.concurrent.ExecutionException: ${it}\n${frames}`,
  'Spark’s analysis': (it) =>
    `Exception in thread "main" org.apache.spark.sql.AnalysisException: org.apache.hadoop.hive.ql.metadata.HiveException: ${it}\n${frames}`,
  'a streaming query': (it) =>
    `${traceback}pyspark.errors.exceptions.captured.StreamingQueryException: [STREAM_FAILED] Query [id = 1, runId = 2] terminated with exception: ${it}\n`,
  'a program in R': (it) =>
    `Error in handleErrors(returnStatus, conn) : \n  ${it}\n${frames}Calls: collect -> invokeJava -> handleErrors\nExecution halted\n`,
  'a task of a program in R': (it) =>
    `Error in handleErrors(returnStatus, conn) : \n  ${lostTask}${it}\n${frames}\nDriver stacktrace:\n${frames}Execution halted\n`,
  'a py4j call': (it) =>
    `${traceback}py4j.protocol.Py4JJavaError: An error occurred while calling o206.csv.\n: ${it}\n${frames}\n`,
  'a task': (it) =>
    `Exception in thread "main" ${lostTask}${it}\n${frames}\nDriver stacktrace:\n${frames}Caused by: ${it}\n${frames}`,
  'a task of a py4j call': (it) =>
    `${traceback}py4j.protocol.Py4JJavaError: An error occurred while calling o206.csv.\n: ${lostTask}${it}\n${frames}\nDriver stacktrace:\n${frames}Caused by: ${it}\n${frames}\n`,
  'a record before System.exit': (it) => `${error('Main', 'run failed')}${it}\n${frames}`,
  'a record that leads to a general exception': (it) =>
    `${error('Main', 'load failed')}${it}\n${frames}Exception in thread "main" java.lang.RuntimeException: job failed\n${frames}`,
}

/** The exception, the cause that every shape must lead to, and a word of the headline. */
const reasons: readonly (readonly [string, string, RegExp])[] = [
  ['java.net.UnknownHostException: db.example', 'network', /db\.example/],
  ['java.net.ConnectException: Connection refused', 'network', /refused/],
  [
    'software.amazon.awssdk.core.exception.SdkClientException: Unable to load region from any of the providers in the chain x: [y]',
    'config',
    /region/,
  ],
  [
    'com.amazonaws.services.securitytoken.model.AWSSecurityTokenServiceException: Not authorized to perform sts:AssumeRoleWithWebIdentity (Service: S; Status Code: 403)',
    'permission',
    /AWS/,
  ],
  [
    'org.apache.hadoop.security.AccessControlException: Permission denied: user=185, access=WRITE, inode="/data"',
    'permission',
    /user=185/,
  ],
  [
    'org.apache.hadoop.ipc.RemoteException(org.apache.hadoop.security.AccessControlException): Permission denied: user=185',
    'permission',
    /user=185/,
  ],
  [
    'com.mongodb.MongoTimeoutException: Timed out. Client view of cluster state is {servers=[{exception={com.mongodb.MongoSocketException: m1}, caused by {java.net.UnknownHostException: m1}}]',
    'network',
    /m1 cannot/,
  ],
  [
    'org.elasticsearch.hadoop.rest.EsHadoopNoNodesLeftException: Connection error (check network)- all nodes failed',
    'network',
    /all nodes failed/,
  ],
  ['java.lang.StackOverflowError', 'memory', /stack/],
  ['java.io.IOException: No space left on device', 'volume', /disk is full/],
  ['org.postgresql.util.PSQLException: FATAL: password authentication failed for user "etl"', 'permission', /etl/],
  ['com.azure.storage.blob.models.BlobStorageException: Status code 403, AuthorizationFailure', 'permission', /403/],
  ['com.mongodb.MongoTimeoutException: Timed out after 30000 ms while waiting to connect', 'network', /Timed out/],
  [
    'org.apache.kafka.common.config.ConfigException: Missing required configuration "key.deserializer"',
    'config',
    /key\.deserializer/,
  ],
  ['java.lang.NoSuchMethodError: a.B.c()V', 'classpath', /a\.B\.c/],
  ['java.lang.ClassNotFoundException: com.acme.Udf', 'classpath', /com\.acme\.Udf/],
  ['com.google.cloud.bigquery.BigQueryException: Exceeded rate limits: too many api requests', 'quota', /rate limits/],
  [
    'org.apache.iceberg.exceptions.CommitFailedException: Cannot commit: stale table metadata',
    'application',
    /Iceberg/,
  ],
  ['java.lang.ArithmeticException: / by zero', 'application', /by zero/],
]

/** A program that catches an exception of its own and a general one keeps its own. */
const isOwn = (exception: string) => exception.startsWith('java.lang.Arithmetic')

describe('an exception inside others', () => {
  for (const [shape, show] of Object.entries(shapes)) {
    for (const [exception, cause, words] of reasons) {
      if (shape.includes('general exception') && isOwn(exception)) continue
      test(`${exception.slice(0, 60)} in ${shape} → ${cause}`, () => {
        const log = contextStarted + registered + jobStarted + show(exception) + shutdownLog
        const { findings } = diagnose(buildEvidence({ log }))
        const [first] = findings
        assert.equal(first?.cause, cause, findings.map(({ id, title }) => `${id}: ${title}`).join('\n'))
        assert.equal(first.severity, 'error')
        assert.match(`${first.title} ${first.evidence.map(({ excerpt }) => excerpt).join(' ')}`, words)
        assert.ok(first.title.length <= 120, first.title)
        assert.equal(first.title.startsWith('On the executors: '), shape.startsWith('a task'), first.title)
        assert.doesNotMatch(first.title, /Job aborted due|Py4JJavaError|ExecutionException|o206\.csv/)
      })
    }
  }

  for (const [exception, cause] of reasons) {
    test(`a log that begins inside ${exception.slice(0, 60)} → ${cause}`, () => {
      const log = `${frames}Caused by: ${exception}\n${frames}${shutdownLog}`
      const [first] = diagnose(buildEvidence({ log })).findings
      assert.equal(first?.cause, cause, first?.title ?? 'none')
    })
  }

  test('messages of the operating system in other languages → the same causes', () => {
    const reports = [
      ['java.io.FileNotFoundException: /etc/app.conf (Aucun fichier ou dossier de ce type)', 'classpath'],
      ['java.io.FileNotFoundException: /etc/app.conf (没有那个文件或目录)', 'classpath'],
      ['java.io.FileNotFoundException: /data/x (Keine Berechtigung)', 'permission'],
      ['java.io.IOException: No queda espacio en el dispositivo', 'volume'],
      ['java.nio.file.FileSystemException: /tmp/x: Système de fichiers accessible en lecture seulement', 'permission'],
    ] as const
    for (const [exception, cause] of reports) {
      const log = `${contextStarted}Exception in thread "main" ${exception}\n${frames}${shutdownLog}`
      const [first] = diagnose(buildEvidence({ log })).findings
      assert.equal(first?.cause, cause, exception)
    }
  })

  test('what a task threw → no headline and no setting is about the driver', () => {
    const ofTasks = [
      ...reasons.map(([exception]): string => exception),
      'java.nio.file.FileSystemException: /tmp/x: Read-only file system',
      'java.io.FileNotFoundException: /opt/x (No such file or directory)',
      'MemoryError: Unable to allocate 7.45 GiB for an array with shape (1,)',
      'org.apache.spark.SparkException: Python worker exited unexpectedly (crashed)',
    ]
    for (const exception of ofTasks) {
      const log = contextStarted + registered + jobStarted + (shapes['a task']?.(exception) ?? '') + shutdownLog
      const [first] = diagnose(buildEvidence({ log })).findings
      assert.doesNotMatch(first?.title ?? 'driver', /driver/i, exception)
      const settings: readonly string[] =
        first?.remedies.flatMap((remedy) => ('key' in remedy ? [remedy.key] : [])) ?? []
      assert.deepEqual(
        settings.filter((key) => key.startsWith('spark.driver.')),
        [],
        exception,
      )
    }
  })

  test('a logged exception, then jobs, then another end → the logged one is no root', () => {
    const logged = `${error('Conf', 'not read')}java.net.UnknownHostException: cache.example\n${frames}`
    const log = `${logged}${contextStarted}${registered}${jobStarted}CHECK FAILED: 0 rows\n`
    const { findings } = diagnose(buildEvidence({ log }))
    assert.deepEqual(
      findings.filter(({ severity }) => severity === 'error').map(({ id, title }) => [id, title]),
      [['SPN-EXIT-1', 'The driver ended with exit code 1: CHECK FAILED: 0 rows']],
    )
  })
})
