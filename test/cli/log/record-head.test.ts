import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readJsonLine } from '../../../cli/log/json-line.ts'
import { readRecordHead } from '../../../cli/log/record-head.ts'

/** A line, then its level, logger and message. */
const records: readonly (readonly [line: string, level: string, logger: string, message: string])[] = [
  ['26/03/01 09:00:00 ERROR SparkContext: Error initializing', 'error', 'SparkContext', 'Error initializing'],
  ['26/03/01 09:00:00.123 WARN a.b.Foo: text', 'warn', 'Foo', 'text'],
  ['2019-12-27 15:54:19 ERROR SparkContext:91 - Error initializing', 'error', 'SparkContext', 'Error initializing'],
  ['2019-12-27 15:54:19 WARN  NativeCodeLoader:62 Unable to load', 'warn', 'NativeCodeLoader', 'Unable to load'],
  ['26-03-01 09:00:00 INFO SparkContext: Running', 'info', 'SparkContext', 'Running'],
  ['09:00:00.123 [main] ERROR org.apache.spark.SparkContext - text', 'error', 'SparkContext', 'text'],
  ['[2018-10-10 18:30:00,001][ERROR][org.apache.spark.SparkContext] text', 'error', 'SparkContext', 'text'],
  ['2026-08-29T01:58:01,000 INFO [main] org.apache.spark.SparkContext - text', 'info', 'SparkContext', 'text'],
  ['2026-03-01T09:00:00.000 [Timer-0]  WARN a.b.TaskSchedulerImpl - text', 'warn', 'TaskSchedulerImpl', 'text'],
  ['2026-03-01 09:00:00.123  INFO 1 --- [main] o.a.s.SparkContext : text', 'info', 'SparkContext', 'text'],
  ['ERROR [2026-03-01 09:00:00,123] a.b.Foo: text', 'error', 'Foo', 'text'],
  ['ERROR SparkContext: text', 'error', 'SparkContext', 'text'],
  ['ERROR:root:text', 'error', 'root', 'text'],
  ['2026-03-01 09:00:00,123 - app.jobs - ERROR - text', 'error', 'jobs', 'text'],
  ['2026-03-01 09:00:00,123 ERROR app: text', 'error', 'app', 'text'],
  ['E0301 09:00:00.123456       1 main.go:12] text', 'error', 'main.go', 'text'],
  ['time="2026-03-01T09:00:00Z" level=error msg="text"', 'error', '', 'text'],
  ['ts=2026-03-01T09:00:02Z level=info logger=a.b.Foo msg="text"', 'info', 'Foo', 'text'],
  ['level=warn ts=2026-03-01T09:00:02Z caller=Foo message=text', 'warn', 'Foo', 'text'],
  [
    'timestamp=2026-03-01T09:00:02Z level=ERROR thread=#zio-fiber-4 message="" cause="a.BException: text"',
    'error',
    '',
    'a.BException: text',
  ],
]

const others: readonly string[] = [
  '\tat org.apache.spark.scheduler.Task.run(Task.scala:147)',
  'Caused by: java.io.IOException: ERROR',
  'WARNING: An illegal reflective access operation has occurred',
  'INFO all rows were read',
  '++ id -u',
  '|  1|2026-03-01 09:00:00|ERROR|',
  'Pi is roughly 3.14',
  '',
]

describe('record heads', () => {
  for (const [line, level, logger, message] of records) {
    test(`"${line}" → ${level} of ${logger === '' ? 'no logger' : logger}`, () => {
      const head = readRecordHead(line)
      assert.deepEqual([head?.level, head?.logger, head?.message], [level, logger, message])
    })
  }

  for (const line of others) {
    test(`"${line}" → no record`, () => assert.equal(readRecordHead(line), undefined))
  }

  const trace = 'a.b.E: text\n\tat a.B.c(B.java:1)'
  const templates: readonly (readonly [string, object])[] = [
    ['ECS', { 'log.level': 'ERROR', 'log.logger': 'a.b.Foo', message: 'm', 'error.stack_trace': trace }],
    ['ECS, nested', { log: { level: 'ERROR', logger: 'a.b.Foo' }, message: 'm', error: { stack_trace: trace } }],
    ['Logstash', { level: 'ERROR', logger_name: 'a.b.Foo', message: 'm', stack_trace: trace }],
    [
      'JsonLayout',
      { level: 'ERROR', loggerName: 'a.b.Foo', message: 'm', thrown: { extendedStackTrace: trace, name: 'a.b.E' } },
    ],
    [
      'Spark 4',
      {
        level: 'ERROR',
        msg: 'm',
        logger: 'Foo',
        exception: {
          class: 'a.b.E',
          msg: 'text',
          stacktrace: [{ class: 'a.B', method: 'c', file: 'B.java', line: 1 }],
        },
      },
    ],
  ]
  for (const [name, fields] of templates) {
    test(`JSON of ${name} → a record, and its stack trace as lines`, () => {
      const line = readJsonLine(JSON.stringify(fields))
      assert.ok(line?.kind === 'record')
      assert.deepEqual([line.head.level, line.head.logger, line.head.message], ['error', 'Foo', 'm'])
      assert.deepEqual(line.trace, trace.split('\n'))
    })
  }
})
