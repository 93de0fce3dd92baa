import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { maxRecordBytes, parseProcessRecord } from '../../../core/linux/process-record.ts'

const whole = [
  '4711',
  'p S 5 1 1 4800',
  'j S 1200 34 61 4712',
  'p R 50 10 1 4900',
  'disk 0',
  'throttled_usec 1500',
  'oom_kill 2',
  'end',
  '',
].join('\n')

const jvm = {
  startTicks: '4712',
  state: 'sleeping',
  cpuTicks: 1234,
  threads: 61,
  hasDebugAgent: false,
  waitsForDisk: false,
}
const record = { mainStartTicks: '4711', jvm, pythonCpuTicks: 66, otherCpuTicks: 0, throttledUs: 1500, oomKills: 2 }
const nothing = {
  mainStartTicks: null,
  jvm: null,
  pythonCpuTicks: null,
  otherCpuTicks: null,
  throttledUs: null,
  oomKills: null,
}

const rows: readonly [string, string, unknown][] = [
  ['everything', whole, record],
  ['a debug agent', whole.replace('j S', 'd t'), { ...record, jvm: { ...jvm, state: 'traced', hasDebugAgent: true } }],
  [
    'a thread that waits for a disk',
    whole.replace('disk 0', 'disk 1'),
    { ...record, jvm: { ...jvm, waitsForDisk: true } },
  ],
  ['no look at the threads', whole.replace('disk 0\n', ''), { ...record, jvm: { ...jvm, waitsForDisk: null } }],
  ['two JVMs: the older one', whole.replace('disk 0', 'j R 1 1 9 50000\ndisk 0'), record],
  ['two JVMs, the older one last', whole.replace('j S', 'j R 1 1 9 50000\nj S'), record],
  ['a start time with more digits is later', whole.replace('j S', 'j R 1 1 9 10000\nj S'), record],
  ['cgroup v1, in nanoseconds', whole.replace('throttled_usec 1500', 'throttled_time 1500999'), record],
  [
    'other programs',
    whole.replace('disk 0', 'o S 1 2 1 4800\no R 3 4 9 4801\ndisk 0'),
    { ...record, otherCpuTicks: 10 },
  ],
  ['a stopped JVM', whole.replace('j S', 'j T'), { ...record, jvm: { ...jvm, state: 'stopped' } }],
  ['an unknown state', whole.replace('j S', 'j I'), { ...record, jvm: { ...jvm, state: 'unknown' } }],
  ['a JVM without numbers', whole.replace('j S 1200 34 61 4712', 'j     '), { ...record, jvm: null }],
  ['a shared process namespace', whole.replace(/^4711/, ''), { ...record, mainStartTicks: null, otherCpuTicks: null }],
  [
    'a main process without a start',
    whole.replace(/^4711/, 'abc'),
    { ...record, mainStartTicks: null, otherCpuTicks: null },
  ],
  ['no processes and no cgroup', '\nend\n', nothing],
  ['no file content', '', undefined],
  ['no last line', whole.slice(0, -5), undefined],
  ['a last line that is being written', whole.slice(0, -1), undefined],
  ['a text after the last line', `${whole}x`, undefined],
  ['more than 64 kB', `4711\n${'p S 5 1 1 4800\n'.repeat(5_000)}end\n`, undefined],
]
describe('parseProcessRecord', () => {
  for (const [name, text, expected] of rows) {
    test(`${name} → ${expected === undefined ? 'undefined' : 'a record'}`, () =>
      assert.deepEqual(parseProcessRecord(text), expected))
  }

  test('any prefix of a record → undefined, so that a partial file never counts', () => {
    for (let length = 0; length < whole.length; length++) {
      assert.equal(parseProcessRecord(whole.slice(0, length)), undefined)
    }
  })

  test('any bytes → undefined or a record whose numbers are finite, and never an error', () => {
    const word = fc.constantFrom(
      'j',
      'd',
      'p',
      'disk',
      'oom_kill',
      'throttled_time',
      'throttled_usec',
      'end',
      'S',
      '-1',
    )
    const line = fc.array(fc.oneof(word, fc.nat().map(String), fc.string())).map((words) => words.join(' '))
    const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array).toString('utf8'))
    const lines = fc.array(fc.oneof(line, bytes)).map((all) => `${all.join('\n')}\nend\n`)
    fc.assert(
      fc.property(fc.oneof(bytes, lines), (text) => {
        const parsed = parseProcessRecord(text)
        if (parsed === undefined) return
        const { jvm: process, pythonCpuTicks, throttledUs, oomKills, mainStartTicks } = parsed
        const numbers = [
          process?.cpuTicks ?? 0,
          process?.threads ?? 0,
          pythonCpuTicks ?? 0,
          throttledUs ?? 0,
          oomKills ?? 0,
        ]
        assert.ok(numbers.every((number) => Number.isFinite(number) && number >= 0))
        for (const start of [process?.startTicks ?? '1', mainStartTicks ?? '1']) assert.match(start, /^[1-9]\d{0,15}$/)
      }),
    )
  })

  test('a line for each of a thousand processes → still fits', () => {
    const text = `4711\n${'p S 1000000 100000 100 4800000000\n'.repeat(1_000)}end\n`
    assert.ok(text.length < maxRecordBytes)
    assert.equal(parseProcessRecord(text)?.pythonCpuTicks, 1_100_000_000)
  })
})
