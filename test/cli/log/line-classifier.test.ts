import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { LineClassifier } from '../../../cli/log/line-classifier.ts'
import type { ParsedLine } from '../../../cli/log/parsed-line.ts'
import { readRecordHead } from '../../../cli/log/record-head.ts'

const parseLine = (text: string, index: number): ParsedLine => ({
  number: index + 1,
  text,
  head: readRecordHead(text) ?? null,
})

/** Classifies the lines of a text. Each result is `place: content`, with a note if a task threw it; frames are omitted. */
function classifyLines(text: string): readonly string[] {
  const classifier = new LineClassifier()
  return text.split('\n').flatMap((line, index) => {
    const { place, content, thrown } = classifier.place(parseLine(line, index)) ?? {}
    return place === undefined ? [] : [`${place}${thrown?.byExecutor === true ? ' by executor' : ''}: ${content}`]
  })
}

describe('line classifier', () => {
  test('an exception of the main thread → it and its causes are uncaught, and its frames are omitted', () => {
    assert.deepEqual(
      classifyLines(`26/11/22 14:33:38 INFO SparkUI: Stopped
Exception in thread "main" org.apache.spark.SparkException: A
\tat App.main(App.java:12)
Caused by: java.net.ConnectException: B
\tat App.main(App.java:13)
\t... 29 more
26/11/22 14:33:38 INFO ShutdownHookManager: Shutdown hook called`),
      [
        'info: Stopped',
        'uncaught: org.apache.spark.SparkException: A',
        'uncaught: java.net.ConnectException: B',
        'info: Shutdown hook called',
      ],
    )
  })

  test('an exception below a log record → it has the place of the record', () => {
    assert.deepEqual(
      classifyLines(`26/11/22 14:33:38 WARN Foo: connection failed
java.net.ConnectException: B
\tat App.main(App.java:13)
hello
26/11/22 14:33:40 ERROR SparkContext: Error initializing SparkContext.
org.apache.spark.SparkException: External scheduler cannot be instantiated
\tat App.main(App.java:13)
Caused by: java.lang.IllegalStateException: C`),
      [
        'warning: connection failed',
        'warning: java.net.ConnectException: B',
        'output: hello',
        'uncaught: Error initializing SparkContext.',
        'uncaught: org.apache.spark.SparkException: External scheduler cannot be instantiated',
        'uncaught: java.lang.IllegalStateException: C',
      ],
    )
  })

  test('an exception that a task reported → belongs to an executor, even inside an exception of the driver', () => {
    assert.deepEqual(
      classifyLines(`26/11/22 14:33:38 WARN TaskSetManager: Lost task 0.0 in stage 0.0 (TID 0) (10.0.0.9 executor 1): java.lang.OutOfMemoryError: Java heap space
\tat App.main(App.java:13)
Exception in thread "main" org.apache.spark.SparkException: Job aborted due to stage failure: Task 0 failed 4 times, most recent failure: Lost task 0.3 (executor 1): java.lang.OutOfMemoryError: Java heap space
\tat App.lambda(App.java:13)

Driver stacktrace:
\tat org.apache.spark.scheduler.DAGScheduler.abortStage(DAGScheduler.scala:1)
Caused by: java.lang.OutOfMemoryError: Java heap space`).map((line) => line.slice(0, 50)),
      [
        'executor: Lost task 0.0 in stage 0.0 (TID 0) (10.0.0.9 executor 1): java.lang.OutOfMemoryError: Java heap space'.slice(
          0,
          50,
        ),
        'uncaught: org.apache.spark.SparkException: Job aborted due to stage failure: Task 0'.slice(0, 50),
        'uncaught by executor: java.lang.OutOfMemoryError: Java heap space',
      ].map((line) => line.slice(0, 50)),
    )
  })

  test('a traceback below a log record → has the place of the record; any other has its own place', () => {
    assert.deepEqual(
      classifyLines(`Traceback (most recent call last):
  File "/opt/app.py", line 3, in <module>
    main()
ValueError: boom
ERROR:root:it failed
Traceback (most recent call last):
  File "/opt/app.py", line 9, in f
KeyError: 'x'
going on`),
      ['traceback: ValueError: boom', 'error: it failed', "error: KeyError: 'x'", 'output: going on'],
    )
  })

  test('a Python call into Spark fails → the Java exception is a cause of the traceback', () => {
    assert.deepEqual(
      classifyLines(`Traceback (most recent call last):
  File "/opt/app.py", line 3, in <module>
py4j.protocol.Py4JJavaError: An error occurred while calling o52.count.
: org.apache.spark.SparkException: Job aborted due to stage failure: Lost task 0.3 in stage 0.0 (TID 3) (10.0.0.9 executor 1): x
\tat org.apache.spark.scheduler
Caused by: java.io.IOException: y`),
      [
        'traceback: py4j.protocol.Py4JJavaError: An error occurred while calling o52.count.',
        'traceback: org.apache.spark.SparkException: Job aborted due to stage failure: Lost task 0.3 in stage 0.0 (TID 3) (10.0.0.9 executor 1): x',
        'traceback by executor: java.io.IOException: y',
      ],
    )
  })

  test('the line before a traceback → decides the place of the traceback, unless the line is a record of Spark', () => {
    const traceback = 'Traceback (most recent call last):\n  File "/opt/app.py", line 9, in f\nKeyError: 1'
    const last = (lead: string) => classifyLines(`${lead}\n${traceback}`).at(-1)
    for (const [lead, place] of [
      ['26/11/22 14:33:38 ERROR TaskSetManager: Task 0 in stage 0.0 failed 4 times; aborting job', 'traceback'],
      ['26/11/22 14:33:38 INFO BlockManagerInfo: Removed broadcast_0_piece0', 'traceback'],
      ['2026-11-22 14:33:38,123 INFO app: loading', 'traceback'],
      ['2026-11-22 14:33:38,123 ERROR app: it failed', 'error'],
      ['CRITICAL:app:it failed', 'error'],
      ['Exception in thread Thread-3 (poll):', 'error'],
      ['WARNING:app.io:again', 'warning'],
      ['--- Logging error ---', 'warning'],
      ['Exception ignored in: <function JavaObject.__del__ at 0x7f>', 'warning'],
      ['Error in atexit._run_exitfuncs:', 'warning'],
      ['WARNING: An illegal reflective access operation has occurred', 'traceback'],
    ] as const) {
      assert.equal(last(lead), `${place}: KeyError: 1`, lead)
    }
  })

  test('tracebacks joined by a sentence of Python → have one place', () => {
    const first =
      'Traceback (most recent call last):\n  File "/opt/app.py", line 9, in f\nKeyError: 1\nits second line\n'
    const second = 'Traceback (most recent call last):\n  File "/opt/app.py", line 9, in f\nValueError: x'
    for (const sentence of [
      'During handling of the above exception, another exception occurred:',
      'The above exception was the direct cause of the following exception:',
    ]) {
      assert.equal(classifyLines(`ERROR:root:x\n${first}\n${sentence}\n\n${second}`).at(-1), 'error: ValueError: x')
      const classifier = new LineClassifier()
      const begins = `${first}\n${sentence}\n\n${second}`
        .split('\n')
        .flatMap((line, index) => classifier.place(parseLine(line, index)) ?? [])
        .filter(({ throwable }) => throwable)
        .map((line) => [line.place, line.begins])
      assert.deepEqual(begins, [
        ['traceback', true],
        ['traceback', false],
      ])
    }
  })

  const layouts = [
    '26/11/22 14:33:38 ERROR Foo: text',
    '26/11/22 14:33:38.123 ERROR Foo: text',
    '2026-11-22 14:32:51,123 ERROR Foo: text',
    '2026-11-22T14:32:51.123Z [main] ERROR com.example.Foo - text',
    '[2026-11-22 14:32:51] ERROR text',
  ]
  for (const layout of layouts) {
    test(`layout "${layout}" → recognized as a record`, () =>
      assert.match(classifyLines(layout)[0] ?? '', /^error: .*text$/))
  }

  test('an exception without a log record → printed; a sentence about an exception → output', () => {
    assert.deepEqual(
      classifyLines('java.lang.OutOfMemoryError: Java heap space\n\tat App.main(App.java:3)\nno more heap space'),
      ['printed: java.lang.OutOfMemoryError: Java heap space', 'output: no more heap space'],
    )
  })
})
