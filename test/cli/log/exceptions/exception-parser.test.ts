import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ExceptionParser } from '../../../../cli/log/exceptions/exception-parser.ts'
import { type ExceptionNode, listNodes } from '../../../../cli/log/exceptions/exception-tree.ts'
import { describeRootCause, findRootCause } from '../../../../cli/log/exceptions/root-cause.ts'

/** Parses the lines and returns the last tree. */
function parse(text: string): ExceptionNode | undefined {
  const parser = new ExceptionParser()
  let tree: ExceptionNode | undefined
  for (const [index, line] of text.split('\n').entries()) {
    const parsed = parser.read(line, index + 1)
    if (parsed.kind === 'head') ({ tree } = parsed.thrown)
  }
  return tree
}

const rootOf = (text: string): string => {
  const tree = parse(text)
  return tree === undefined ? 'none' : `${findRootCause(tree).className}: ${findRootCause(tree).message}`
}

const frames = '\tat org.example.A.b(A.java:1)\n\tat java.base/java.lang.Thread.run(Thread.java:1)'
const lost = 'Lost task 0.3 in stage 0.0 (TID 3) (10.0.0.9 executor 1): '
const aborted = `org.apache.spark.SparkException: Job aborted due to stage failure: Task 0 in stage 0.0 failed 4 times, most recent failure: ${lost}`
const reason = 'com.acme.ReasonException: it broke'

describe('exception parser', () => {
  /** Each wraps an exception, as one form of log shows it. */
  const wrappers: Readonly<Record<string, (inner: string) => string>> = {
    'a cause': (inner) => `java.lang.RuntimeException: outer\n${frames}\nCaused by: ${inner}\n${frames}\n\t... 23 more`,
    'two causes': (inner) =>
      `a.BException: outer\n${frames}\nCaused by: c.DException: middle\n\t... 3 more\nCaused by: ${inner}\n\t... 23 more`,
    'a carrier without a message': (inner) =>
      `java.lang.reflect.InvocationTargetException\n${frames}\nCaused by: ${inner}\n${frames}`,
    'a future': (inner) => `java.util.concurrent.ExecutionException: ${inner}\n${frames}`,
    'a completion': (inner) => `java.util.concurrent.CompletionException: ${inner}\n${frames}`,
    'an exception that quotes another': (inner) => `java.lang.RuntimeException: ${inner}\n${frames}`,
    Hive: (inner) =>
      `org.apache.spark.sql.AnalysisException: org.apache.hadoop.hive.ql.metadata.HiveException: ${inner}\n${frames}`,
    'a metastore': (inner) =>
      `java.lang.RuntimeException: Unable to instantiate a.B\n${frames}\nCaused by: MetaException(message:Could not connect to meta store using any of the URIs provided. Most recent failure: ${inner}\n${frames}\n)`,
    'a streaming query': (inner) =>
      `org.apache.spark.sql.streaming.StreamingQueryException: Query [id = 1, runId = 2] terminated with exception: ${inner}\n${frames}`,
    'a task': (inner) =>
      `${aborted}${inner}\n${frames}\n\nDriver stacktrace:\n${frames}\nCaused by: ${inner}\n${frames}`,
    'a task without its cause': (inner) => `${aborted}${inner}\n${frames}\n\nDriver stacktrace:\n${frames}`,
    'a py4j call': (inner) =>
      `Traceback (most recent call last):\n  File "/opt/app.py", line 3, in <module>\npy4j.protocol.Py4JJavaError: An error occurred while calling o52.count.\n: ${inner}\n${frames}`,
    'PySpark’s captured exception': (inner) =>
      `Traceback (most recent call last):\n  File "/opt/app.py", line 3, in <module>\npyspark.errors.exceptions.captured.X: outer\n\nJVM stacktrace:\n${inner}\n${frames}`,
    'the main thread': (inner) => `Exception in thread "main" java.lang.RuntimeException: ${inner}\n${frames}`,
    'a suppressed exception beside the cause': (inner) =>
      `a.BException: outer\n${frames}\n\tSuppressed: c.DException: closing failed\n\t${frames}\nCaused by: ${inner}\n${frames}`,
    'a root that is printed first': (inner) => `${inner}\n${frames}\nWrapped by: a.BException: outer\n${frames}`,
    Spring: (inner) => `a.BException: outer; nested exception is ${inner}\n${frames}`,
  }

  for (const [name, wrap] of Object.entries(wrappers)) {
    test(`${name} around an exception → the inner one is the root`, () =>
      assert.equal(rootOf(wrap(reason)), 'com.acme.ReasonException: it broke'))
  }

  test('wrappers in one line, in any order and depth → the innermost is the root', () => {
    const oneLine = [
      (inner: string) => `java.util.concurrent.ExecutionException: ${inner}`,
      (inner: string) => `org.apache.hadoop.hive.ql.metadata.HiveException: ${inner}`,
      (inner: string) => `a.b.QueryException: Query [id = 1] terminated with exception: ${inner}`,
      (inner: string) => `a.b.FailedException: Most recent failure: ${inner}`,
      (inner: string) => `java.io.IOException: could not open it; nested exception is ${inner}`,
    ]
    fc.assert(
      fc.property(fc.array(fc.nat(oneLine.length - 1), { maxLength: 5 }), (order) => {
        const text = order.reduceRight((inner, index) => oneLine[index]?.(inner) ?? inner, reason)
        assert.equal(rootOf(`Exception in thread "main" ${text}\n${frames}`), 'com.acme.ReasonException: it broke')
      }),
    )
  })

  test('causes of any depth → the last one that is kept is the root, and the size is bounded', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), (depth) => {
        const chain = Array.from(
          { length: depth },
          (_, level) => `Caused by: a.B${level}Exception: level ${level}\n${frames}`,
        )
        const tree = parse(`a.BException: outer\n${frames}\n${chain.join('\n')}`)
        assert.ok(tree !== undefined && listNodes(tree).length <= 64)
        assert.match(findRootCause(tree).message, /^level \d+$/)
      }),
      { numRuns: 30 },
    )
  })

  test('any lines, in any order → no error, and a bounded tree', () => {
    const lines = [
      ...Object.values(wrappers).flatMap((wrap) => wrap(reason).split('\n')),
      'During handling of the above exception, another exception occurred:',
      'The above exception was the direct cause of the following exception:',
      '  + Exception Group Traceback (most recent call last):',
      '  | ExceptionGroup: several (2 sub-exceptions)',
      '  +-+---------------- 1 ----------------',
      '    | ValueError: one',
      `${aborted}org.apache.spark.api.python.PythonException: Traceback (most recent call last):`,
      'ValueError: x',
      '',
      ')',
      'text',
    ]
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constantFrom(...lines), fc.string()), { maxLength: 80 }), (log) => {
        const tree = parse(log.join('\n'))
        if (tree !== undefined) {
          assert.ok(listNodes(tree).length <= 200)
          assert.equal(typeof describeRootCause(tree), 'string')
        }
      }),
      { numRuns: 300 },
    )
  })

  test('a log that is cut anywhere → no error', () => {
    const text = Object.values(wrappers)
      .map((wrap) => wrap(reason))
      .join('\n')
    for (let length = 0; length < text.length; length += 3) parse(text.slice(0, length))
  })

  test('a million characters of one kind → linear time', () => {
    for (const piece of [
      'Caused by: a.BException: ',
      'a.BException: ',
      'Lost task ',
      '(Caused by ',
      'a.',
      'Message: ',
      '): ',
    ]) {
      const line = piece.repeat(4096 / piece.length)
      const log = `Exception in thread "main" ${line}\n`.repeat(250)
      parse(log)
    }
  })

  test('what a task threw → is marked, in the message and below the driver’s frames', () => {
    const tree = parse(
      `${aborted}${reason}\n${frames}\nCaused by: a.InnerException: inside\n${frames}\n\nDriver stacktrace:\n${frames}\nCaused by: ${reason}\n${frames}`,
    )
    assert.ok(tree !== undefined)
    assert.deepEqual(
      listNodes(tree).map(({ className, byExecutor }) => [className, byExecutor]),
      [
        ['org.apache.spark.SparkException', false],
        ['com.acme.ReasonException', true],
        ['a.InnerException', true],
        ['com.acme.ReasonException', true],
      ],
    )
  })

  test('a job aborted in local mode → the driver itself ran the task', () => {
    const tree = parse(`${aborted.replace('10.0.0.9 executor 1', 'localhost executor driver')}${reason}\n${frames}`)
    assert.ok(tree !== undefined && listNodes(tree).every(({ byExecutor }) => !byExecutor))
  })

  test('a traceback inside the message of a task → its last line is the root', () => {
    const worker = 'Traceback (most recent call last):\n  File "/opt/spark/worker.py", line 4, in main\n    raise X'
    const python = `org.apache.spark.api.python.PythonException: ${worker}\nValueError: bad row\n\n${frames}`
    assert.equal(
      rootOf(`${aborted}${python}\n\nDriver stacktrace:\n${frames}\nCaused by: ${python}`),
      'ValueError: bad row',
    )
    assert.equal(rootOf(`${aborted}${python}`), 'ValueError: bad row')
    const chained = `org.apache.spark.api.python.PythonException: ${worker}\nConnectionError: no route\n\nDuring handling of the above exception, another exception occurred:\n\n${worker}\nRuntimeError: gave up\n\n${frames}`
    assert.equal(rootOf(`${aborted}${chained}`), 'ConnectionError: no route')
  })

  const traceback = (exception: string) =>
    `Traceback (most recent call last):\n  File "/opt/app.py", line 3, in f\n${exception}\n`
  test('chained tracebacks → the first is the root, unless a lookup was only tried', () => {
    const during = '\nDuring handling of the above exception, another exception occurred:\n\n'
    const direct = '\nThe above exception was the direct cause of the following exception:\n\n'
    assert.equal(rootOf(traceback('OSError: no') + during + traceback('RuntimeError: x')), 'OSError: no')
    assert.equal(rootOf(traceback('OSError: no') + direct + traceback('RuntimeError: x')), 'OSError: no')
    assert.equal(rootOf(traceback("KeyError: 'k'") + during + traceback('ValueError: x')), 'ValueError: x')
    assert.equal(rootOf(traceback("KeyError: 'k'") + direct + traceback('ValueError: x')), "KeyError: 'k'")
  })

  test('a group of exceptions → its first exception is the root, and the lines after it are free', () => {
    const group = `  + Exception Group Traceback (most recent call last):
  |   File "/opt/app.py", line 3, in <module>
  |     raise ExceptionGroup("several", errors)
  | ExceptionGroup: several (2 sub-exceptions)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    |   File "/opt/app.py", line 2, in f
    | ValueError: one
    +---------------- 2 ----------------
    | TypeError: two
    +------------------------------------`
    assert.equal(rootOf(group), 'ValueError: one')
    const parser = new ExceptionParser()
    const kinds = `${group}\ngoing on`.split('\n').map((line, index) => parser.read(line, index + 1).kind)
    assert.equal(kinds.at(-1), 'other')
  })

  test('the exception of a request to the API server → its message is the root', () => {
    const text =
      'io.fabric8.kubernetes.client.KubernetesClientException: Failure executing: POST at: https://10.0.0.1/api/v1/namespaces/a/pods. Message: pods "x" is forbidden: no. Received status: Status(apiVersion=v1, code=403)'
    assert.equal(rootOf(text), 'null: pods "x" is forbidden: no')
  })

  test('a py4j call whose Java half names no class → the text is the root', () => {
    const text =
      'Traceback (most recent call last):\n  File "a.py", line 1, in f\npy4j.protocol.Py4JJavaError: An error occurred while calling o206.csv.\n: Operation failed: "no", 403, HEAD, https://a/b\n\tat org.apache.hadoop.fs.azurebfs.A.b(A.java:1)'
    assert.equal(rootOf(text), 'null: Operation failed: "no", 403, HEAD, https://a/b')
  })

  test('urllib3’s exceptions inside each other → the innermost is the root', () => {
    const text = traceback(
      "requests.exceptions.ConnectionError: HTTPConnectionPool(host='h', port=80): Max retries exceeded with url: / (Caused by NewConnectionError('<urllib3.connection.HTTPConnection object at 0x7e>: Failed to establish a new connection: [Errno 111] Connection refused'))",
    )
    assert.equal(
      rootOf(text),
      'NewConnectionError: Failed to establish a new connection: [Errno 111] Connection refused',
    )
  })

  test('an exception that a bracket or a quote encloses → the root ends before it', () => {
    const quoted = [
      [
        'com.mongodb.MongoTimeoutException: Timed out. Client view of cluster state is {type=UNKNOWN, servers=[{address=m:27017, exception={com.mongodb.MongoSocketException: m}, caused by {java.net.UnknownHostException: m}}]',
        'java.net.UnknownHostException: m',
      ],
      [
        'com.datastax.AllNodesFailedException: Could not reach any contact point: Node(endPoint=c:9042): [com.datastax.ConnectionInitException: [s0|control] init error]',
        'com.datastax.ConnectionInitException: [s0|control] init error',
      ],
      ['java.io.IOException: open failed (a.b.CException: it (x) is [y])', 'a.b.CException: it (x) is [y]'],
      ['java.io.IOException: said "a.b.CException: no"', 'a.b.CException: no'],
    ] as const
    for (const [text, root] of quoted) assert.equal(rootOf(text), root)
    const timeout = traceback(
      "requests.exceptions.ConnectTimeout: HTTPSConnectionPool(host='h', port=443): Max retries exceeded with url: /v1 (Caused by ConnectTimeoutError(<urllib3.connection.HTTPSConnection object at 0x7f>, 'Connection to h timed out. (connect timeout=5)'))",
    )
    assert.equal(rootOf(timeout), 'ConnectTimeoutError: Connection to h timed out. (connect timeout=5)')
  })

  test('an exception that Hadoop’s server threw → is the root, instead of RemoteException', () => {
    const text =
      'org.apache.hadoop.ipc.RemoteException(org.apache.hadoop.ipc.StandbyException): Operation category READ is not supported in state standby'
    for (const line of [text, `Exception in thread "main" ${text}`, `Caused by: ${text}`]) {
      assert.equal(
        rootOf(line),
        'org.apache.hadoop.ipc.StandbyException: Operation category READ is not supported in state standby',
      )
    }
  })

  test('an error of an R program → the exception in its message is the root, else the message', () => {
    const error = (message: string) =>
      `Error in handleErrors(returnStatus, conn) : ${message}\nCalls: a -> b\nExecution halted`
    assert.equal(rootOf(error(`\n  ${aborted}${reason}\n${frames}`)), reason)
    assert.equal(rootOf(error("object 'x' not found")), "null: object 'x' not found")
    assert.equal(
      rootOf(error("\n  there is no package called 'sparklyr'")),
      "null: there is no package called 'sparklyr'",
    )
  })

  test('a log that begins inside an exception → its innermost cause is the root', () => {
    const text = `${frames}\nCaused by: java.sql.SQLException: IO Error\n${frames}\nCaused by: ${reason}\n${frames}`
    assert.equal(rootOf(text), reason)
  })

  test('the message of a Python exception that goes on below its first line → is read', () => {
    assert.equal(
      rootOf(
        traceback(
          "pyspark.errors.exceptions.captured.ParseException: \n[PARSE_SYNTAX_ERROR] Syntax error at or near 'FORM'.\n\n== SQL ==\nSELECT 'a.b.CException: no'\na.b.CException: no\n",
        ),
      ),
      "pyspark.errors.exceptions.captured.ParseException: [PARSE_SYNTAX_ERROR] Syntax error at or near 'FORM'.",
    )
    assert.match(
      rootOf(
        traceback(
          'pydantic_core._pydantic_core.ValidationError: 1 validation error for Settings\nDB_URL\n  Field required [type=missing]\n',
        ),
      ),
      /Settings DB_URL Field required/,
    )
    assert.equal(
      rootOf(
        traceback(
          'pyspark.errors.exceptions.connect.SparkConnectGrpcException: <_InactiveRpcError of RPC that terminated with:\n\tstatus = StatusCode.UNAVAILABLE\n\tdetails = "failed to connect to all addresses"\n>',
        ),
      ),
      'null: failed to connect to all addresses',
    )
  })

  test('a traceback in the box of rich → the line below the box is the exception', () => {
    const box =
      '╭──── Traceback (most recent call last) ────╮\n│ /opt/app/job.py:12 in main                │\n│ ❱ 12 │   df.count()                       │\n╰───────────────────────────────────────────╯\nAnalysisException: [PATH_NOT_FOUND] Path does not exist: s3a://raw/x.'
    assert.equal(rootOf(box), 'AnalysisException: [PATH_NOT_FOUND] Path does not exist: s3a://raw/x.')
    assert.deepEqual(parse(box)?.frames, ['/opt/app/job.py'])
  })

  test('a short root → the exception around it completes the headline', () => {
    const tree = parse(
      `java.io.IOException: cannot open the store at s:1\n${frames}\nCaused by: java.net.ConnectException: refused`,
    )
    assert.equal(tree && describeRootCause(tree), 'ConnectException: refused (cannot open the store at s:1)')
  })

  test('a sentence that names a class → no exception', () => {
    for (const line of ['Caused by the weather', 'see org.example.AException for more', 'text: more text', 'at home']) {
      assert.equal(parse(line), undefined, line)
    }
  })
})
