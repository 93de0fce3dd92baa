import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { findScheduleProblem } from '../../../../cli/commands/preflight/rules/cron-schedule.ts'
import { runCli } from '../../run-cli.ts'
import { healthyApplication } from './healthy-cluster.ts'

/** After the tests of robfig/cron v3 (parser_test.go). */
const valid = [
  '* * * * *',
  '5 * * * ?',
  '0 1 * * MON-FRI',
  '*/15 0-6,18-23/2 1,15 jan,Jul 0',
  '3-59/15 * * * *',
  '0  4\t1 1 *',
  '@daily',
  '@every 1h30m',
  '@every 0.5h',
  'CRON_TZ=Europe/Berlin 0 5 * * *',
  'TZ=UTC @hourly',
]
const invalid: readonly (readonly [schedule: string, says: RegExp])[] = [
  ['0 25 * * *', /invalid hour.*0 to 23/],
  ['60 * * * *', /invalid minute/],
  ['0 0 0 * *', /invalid day of the month/],
  ['0 0 * 13 *', /invalid month/],
  ['0 0 * * 7', /invalid day of the week.*0 to 6/],
  ['0 0 * * FUN', /day of the week/],
  ['5-1 * * * *', /invalid minute/],
  ['*/0 * * * *', /invalid minute/],
  ['1-2-3 * * * *', /invalid minute/],
  ['*/1/2 * * * *', /invalid minute/],
  ['0 0 L * *', /day of the month/],
  ['0 0 0 * * *', /has 6 fields/],
  ['', /has 0 fields/],
  ['@dayly', /descriptor/],
  ['@every 5', /descriptor/],
  ['CRON_TZ=Mars/Base 0 5 * * *', /time zone Mars\/Base/],
]

const scheduled = (lines: string) =>
  `${healthyApplication
    .replace('kind: SparkApplication', 'kind: ScheduledSparkApplication')
    .replace(/^spec:\n([\s\S]*)$/m, (_, spec: string) => `spec:\n${lines}  template:\n${spec.replace(/^/gm, '  ')}`)}\n`

describe('the schedule of a ScheduledSparkApplication', () => {
  for (const schedule of valid) {
    test(`${JSON.stringify(schedule)} → accepted`, () => assert.equal(findScheduleProblem(schedule), undefined))
  }
  for (const [schedule, says] of invalid) {
    test(`${JSON.stringify(schedule)} → a problem`, () => assert.match(findScheduleProblem(schedule) ?? '', says))
  }

  test('a wrong schedule and time zone in a file → findings with their lines', async () => {
    const check = async (lines: string) => {
      const { stdout } = await runCli(['preflight', '--offline', '-f', '-', '-o', 'json'], {}, scheduled(lines))
      return JSON.parse(stdout).findings.map(({ title, evidence }: { title: string; evidence: { line: number }[] }) => [
        evidence[0]?.line,
        title.slice(0, 40),
      ])
    }
    assert.deepEqual(await check('  schedule: "0 5 * * *"\n  timeZone: Europe/Berlin\n'), [])
    assert.deepEqual(await check('  schedule: "0 25 * * *"\n  timeZone: Mars/Base\n'), [
      [7, 'spec.schedule is "0 25 * * *", which has'],
      [8, 'spec.timeZone is "Mars/Base", which is n'],
    ])
  })
})
