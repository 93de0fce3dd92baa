import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { maxLineLength } from '../../../cli/log/lines.ts'
import { fromExecutors, inLog, inOutput } from '../../../cli/log/matcher.ts'
import { matchPhrase } from '../../../cli/log/phrase.ts'
import { LogScan, scanText } from '../../../cli/log/scan.ts'
import { logMatchers } from '../../../cli/rules/catalogue.ts'
import { generatedLog, usualLines } from './generated-log.ts'

const heap = inLog('^java.lang.OutOfMemoryError: Java heap space')

describe('log scan', () => {
  test('many hits → all are counted, the first three and the last are kept', () => {
    const line = (n: number) => `Exception in thread "t${n}" java.lang.OutOfMemoryError: Java heap space\n`
    const reading = scanText(Array.from({ length: 50 }, (_, n) => line(n)).join(''), [heap])
    const hits = reading.hits.get(heap)
    assert.equal(hits?.count, 50)
    assert.deepEqual(
      hits?.first.map(({ number }) => number),
      [1, 2, 3],
    )
    assert.equal(hits?.last.number, 50)
    assert.equal(hits?.uncaught, null)
    assert.equal(reading.lines, 50)
    assert.equal(reading.tail.at(-1)?.text, line(49).trim())
  })

  test('1000 exceptions of other threads → the exception that ended the main thread is kept', () => {
    const other = 'Exception in thread "other" java.lang.OutOfMemoryError: Java heap space\n'
    const main = 'Exception in thread "main" java.lang.OutOfMemoryError: Java heap space\n'
    const reading = scanText(other.repeat(500) + main + other.repeat(500), [heap])
    assert.equal(reading.hits.get(heap)?.uncaught?.number, 501)
    assert.deepEqual(
      reading.uncaught.map(({ number }) => number),
      [501],
    )
  })

  const traceback = (exception: string) =>
    `Traceback (most recent call last):\n  File "/opt/app.py", line 3, in <module>\n${exception}\n`
  const record = (text: string) => `26/11/22 14:32:52 INFO A: ${text}\n`

  test('the application continues after an exception → the exception is not uncaught', () => {
    const missing = inLog("^ModuleNotFoundError: No module named '{module}'", ['uncaught'])
    const python = traceback("ModuleNotFoundError: No module named 'x'")
    const java = 'Exception in thread "main" java.lang.OutOfMemoryError: Java heap space\n'
    for (const [text, ended] of [
      [python, true],
      [python + record('Invoking stop() from shutdown hook'), true],
      [python + record('Removed broadcast_0_piece0'), true],
      [python + record('Job with a name finished: no'), true],
      [python + record('Starting job: count at App.java:10'), false],
      [python + record('Job 3 finished: count at App.java:10, took 2 ms'), false],
      [python + record('Running Spark version 4.0.1'), false],
      [python + traceback('KeyError: 1'), false],
      [
        `${python}\nDuring handling of the above exception, another exception occurred:\n\n${traceback('KeyError: 1')}`,
        true,
      ],
      [java, true],
      [java + record('Starting job: count at App.java:10'), true],
      [java + record('Running Spark version 4.0.1'), false],
    ] as const) {
      const { hits, uncaught } = scanText(text, [missing, heap])
      const [hit] = hits.values()
      assert.deepEqual([hit?.uncaught !== null, hit?.last.place !== 'error'], [ended, ended], text)
      assert.equal(uncaught.length > 0, ended || text.includes('KeyError'), text)
    }
  })

  test('other log layouts → milestones are found', () => {
    for (const [head, of] of [
      ['2026-11-22T14:32:51.123Z [main] INFO org.apache.spark.SparkContext - ', 'context'],
      ['2026-11-22 14:32:51,123 INFO [main] SparkContext: ', 'context'],
      ['2026-11-22 14:32:51,123 INFO ', 'context'],
      ['2026-11-22 14:32:51,123 INFO app: we are ', undefined],
    ] as const) {
      const { milestones } = scanText(`${head}Running Spark version 4.0.1\n`, [heap])
      assert.equal(milestones.context, of === 'context' ? 1 : 0, head)
    }
  })

  test('the JVM shuts down → the milestone is the first line of the shutdown', () => {
    const stop = record('Invoking stop() from shutdown hook') + record('Shutdown hook called')
    const { milestones } = scanText(record('Running Spark version 4.0.1') + stop, [heap])
    assert.deepEqual([milestones.context, milestones.shutdown], [1, 2])
    const { milestones: again } = scanText(stop + record('Running Spark version 4.0.1') + stop, [heap])
    assert.deepEqual([again.context, again.shutdown], [3, 4])
  })

  test('a line is kept → it is redacted', () => {
    const scan = new LogScan([inOutput('password {value}')], (text) => text.replaceAll('hunter2', '[redacted]'))
    scan.write(new TextEncoder().encode('password hunter2 x\n'))
    assert.doesNotMatch(JSON.stringify([...scan.end().hits.values()]) + JSON.stringify(scan.end().tail), /hunter2/)
  })

  test('an error of an executor → is not attributed to the driver', () => {
    const executor = fromExecutors('java.lang.OutOfMemoryError')
    const { hits } = scanText(
      '26/11/22 14:32:52 WARN TaskSetManager: Lost task 0.0 (10.0.0.9 executor 1): java.lang.OutOfMemoryError: Java heap space\n',
      [executor, heap],
    )
    assert.ok(hits.has(executor) && !hits.has(heap))
  })

  /** Matches each phrase against repetitions of its own words. A backtracking matcher would need hours for these lines. */
  test('a line repeats the beginning of a phrase → the matching time is linear', () => {
    for (const { phrase } of logMatchers) {
      const parts = phrase.pieces.map(({ literal }) => literal).filter((literal) => literal !== '')
      const almost = parts.slice(0, -1).join(' ') || (parts[0] ?? '').slice(0, -1)
      for (const seed of [almost, parts[0] ?? '', (parts[0] ?? '').slice(0, 1)]) {
        const line = seed.repeat(Math.ceil(1_000_000 / Math.max(1, seed.length))).slice(0, 1_000_000)
        // 1 MB for each: a quadratic matcher would need hours for all of them, and the test's deadline is five minutes.
        matchPhrase(phrase, line)
      }
    }
  })

  test('lines of every hostile kind → the scan completes', () => {
    const hostile = [
      'a.'.repeat(2048),
      'at '.repeat(1365),
      '26/11/22 14:32:52 ERROR '.repeat(170),
      '2026-11-22T14:32:51 x '.repeat(180),
      'Caused by: '.repeat(370),
      `Exception in thread "${'"'.repeat(3000)}`,
      `{"level":"ERROR","msg":"${'\\"'.repeat(2000)}`,
      `${'x'.repeat(maxLineLength)}`,
      'Traceback (most recent call last):',
      ' '.repeat(4000),
    ]
    const scan = new LogScan(logMatchers)
    for (const piece of generatedLog({ bytes: 4_000_000, lines: hostile, last: '' })) scan.write(piece)
    assert.ok(scan.end().lines > 900)
  })

  test('a log of 200 MB → memory stays bounded', () => {
    const file = join(import.meta.dirname, 'scan-process.ts')
    const ran = spawnSync(process.execPath, [file, '200000000'], { encoding: 'utf8' })
    assert.equal(ran.status, 0, ran.stderr)
    const { grownMiB, lines, found } = JSON.parse(ran.stdout)
    assert.ok(lines > 2_000_000)
    assert.equal(found, true, 'the last line was not found')
    // V8 takes about 100 MiB before it collects, for any length; the log as strings would be twice that.
    assert.ok(grownMiB < 160, `${grownMiB} MiB more`)
  })

  test('a usual log → no exception and no hit is found', () => {
    const scan = new LogScan(logMatchers)
    for (const piece of generatedLog({ bytes: 1_000_000, lines: usualLines, last: 'end' })) scan.write(piece)
    const { uncaught, hits, lastInfoLine } = scan.end()
    assert.deepEqual(uncaught, [])
    assert.deepEqual(
      [...hits.keys()].map(({ phrase }) => phrase.text),
      [],
    )
    assert.ok(lastInfoLine > 1000)
  })

  test('a private key near the end of a log → the tail contains no line of the key', () => {
    const { tail } = scanText('cannot read\n-----BEGIN PRIVATE KEY-----\nMIIEow\n-----END PRIVATE KEY-----\nend\n', [
      heap,
    ])
    assert.doesNotMatch(JSON.stringify(tail), /MIIEow/)
    assert.deepEqual([tail.length, tail.at(-1)?.text], [5, 'end'])
  })
})
