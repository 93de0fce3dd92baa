import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { KeyLines } from '../../../cli/redaction/key-lines.ts'
import { createRedactor } from '../../../cli/redaction/redactor.ts'

const redactor = createRedactor(['aaaaaaaaaaaaB', 'password=password=X', 'hunter'])

/** Text that makes a regular expression backtrack when it is repeated. */
const hostile = [
  'QWxhZGRpbjpvcGVuIHNlc2FtZQ',
  'pass',
  'a.',
  'a',
  '--token',
  '--token ',
  ' ',
  '://',
  'a://u:',
  '://u:p@',
  '@',
  '"',
  '\\',
  '\\"',
  "'",
  '{',
  '(password=',
  'password=',
  'password="',
  'password=\\"',
  'password: {',
  'password={',
  'password is ',
  'mysql ',
  'login ',
  'ldapsearch ',
  'redis-cli -a ',
  'eyJaaaaaaaaaa.',
  'AKIAAAAAAAAAAAAAAA ',
  '<name>',
  '<name>password</name>',
  '<password>',
  '-----BEGIN PRIVATE KEY-----',
  'curl -u a:',
  'identified by ',
  'name: password value: ',
  '=',
  'secret key ',
  'Digest a="b", ',
  'cookie=',
  'sig=',
  'jdbc:oracle:thin:',
  'https://',
  'sshpass -p',
  'spark.a.password ',
] as const

/** Measures processor time, which other processes do not affect. Returns the minimum of three runs. */
function processorMs(work: () => void): number {
  const runs = Array.from({ length: 3 }, () => {
    const before = process.cpuUsage()
    work()
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1000
  })
  return Math.min(...runs)
}

describe('redaction time', () => {
  test('a line that is eight times longer → redaction takes about eight times longer', () => {
    for (const word of hostile) {
      const take = (length: number) => {
        const line = word.repeat(length / word.length)
        return processorMs(() => {
          redactor.text(line)
          new KeyLines().isInside(line)
        })
      }
      take(1_000)
      const [short, long] = [take(16_000), take(128_000)]
      // A quadratic algorithm would take 64 times longer. A few milliseconds are too short to compare.
      assert.ok(long < 30 || long < 28 * short, `${word}: ${short} ms, then ${long} ms`)
    }
  })
})
