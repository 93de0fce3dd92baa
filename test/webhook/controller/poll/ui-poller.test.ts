import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { toDeadlines } from '../../../../core/settings/deadlines.ts'
import { resolveSettings } from '../../../../core/settings/settings.ts'
import type { Verdict } from '../../../../core/verdict/verdict.ts'
import type { Sample } from '../../../../core/verdict/witnesses.ts'
import type { UiResult } from '../../../../spark-ui/http-get.ts'
import type { Driver } from '../../../../webhook/controller/driver/driver.ts'
import { createRequestLimit } from '../../../../webhook/controller/poll/request-limit.ts'
import { createUiPoller, type Reach } from '../../../../webhook/controller/poll/ui-poller.ts'
import { createdMs } from '../../../support/driver-pods.ts'
import { createDriver } from '../driver/drivers.ts'

const minuteMs = 60_000
const alive: Sample = { kind: 'alive', evidence: 'application' }
const refused: Sample = { kind: 'refused' }
const late: Sample = { kind: 'inconclusive', detail: 'late' }
const policy = {
  ...toDeadlines(resolveSettings({ pod: { 'spark-nanny.io/max-run-time': '60m' } }).values),
  scheme: 'http',
  port: 4040,
  intervalMs: minuteMs,
} as const

function createRunningDriver(): Driver {
  const driver = createDriver({ sidecar: null })
  return { ...driver, driver: { ...driver.driver, state: { kind: 'running', startedMs: createdMs } } }
}

/** A leader that polls the driver once a minute from `fromMinute` on, and gets these samples, the last one again and again. */
async function lead(fromMinute: number, toMinute: number, samples: readonly Sample[]): Promise<readonly Verdict[]> {
  const stop = new AbortController()
  const done = Promise.withResolvers<void>()
  const verdicts: Verdict[] = []
  let minute = fromMinute
  const driver = createRunningDriver()
  const poller = createUiPoller(
    {
      uiClient: {
        poll: async () => {
          const sample = samples[Math.min(minute - fromMinute, samples.length - 1)] ?? alive
          return { sample, connected: true, listedId: null, bytes: 0 }
        },
      },
      sendUiRequest: async () => ({ kind: 'refused' }),
      requestLimit: createRequestLimit(),
      // Each process has a monotonic clock with a zero of its own.
      monotonicMs: () => (minute - fromMinute) * minuteMs,
      nowMs: () => createdMs + minute * minuteMs,
      sleep: async (ms) => {
        minute += ms / minuteMs
      },
      random: () => 0,
      polled: (_driver, { verdict }) => {
        verdicts.push(verdict)
        if (minute < toMinute) return
        stop.abort()
        done.resolve()
      },
    },
    stop.signal,
  )
  poller.start(driver, policy, 0)
  await done.promise
  return verdicts
}

const isOverdue = (verdict: Verdict) => verdict.kind === 'hung' && verdict.reason === 'max-run-time'
/** The minute after the start of the container at which the verdict is reached. */
async function findLimit(fromMinute: number, ...samples: readonly Sample[]): Promise<number> {
  const verdicts = await lead(fromMinute, fromMinute + 100, samples)
  assert.ok(verdicts.some(isOverdue))
  return fromMinute + verdicts.findIndex(isOverdue)
}

describe('max-run-time of a driver that the controller polls', () => {
  const rows: readonly (readonly [string, number, readonly Sample[], number])[] = [
    ['the leader has seen the first answer', 1, [refused, refused, refused, alive], 64],
    ['the same, after startup-deadline', 1, [...Array<Sample>(20).fill(refused), alive], 81],
    ['the leader has polled a driver that answered within its first minute', 1, [alive], 61],
    ['a new leader, and its first poll proves nothing', 30, [late, alive], 70],
    ['a new leader within startup-deadline', 5, [alive], 65],
    ['a new leader: not from its own start', 30, [alive], 70],
    ['a new leader after the limit', 90, [alive], 90],
    ['the UI was closed for a while', 1, [alive, refused, refused, alive], 61],
  ]
  for (const [what, fromMinute, samples, limit] of rows) {
    test(`${what} → reached ${limit} minutes after the start of the container`, async () => {
      assert.equal(await findLimit(fromMinute, ...samples), limit)
    })
  }
})

describe('connects, reach', () => {
  const silent: Sample = { kind: 'failing', cause: 'timeout', detail: '', tookMs: 1 }
  const noAnswer = { kind: 'failed', cause: 'timeout', detail: '', tookMs: 1 } as const
  const whole = { kind: 'response', tookMs: 1, bytes: 1, isTruncated: false } as const
  const responds = { ...whole, response: { statusCode: 200, body: '' } } as const
  const ended = { ...noAnswer, cause: 'reset', connected: true } as const
  const rows: readonly (readonly [string, Sample, boolean, UiResult, boolean, Reach])[] = [
    ['a UI that answers', alive, true, responds, true, 'driver'],
    ['a silent UI that accepts connections', silent, true, { kind: 'refused' }, true, 'driver'],
    ['the same, and another port responds', silent, true, responds, true, 'proxy'],
    ['the same, and another port is silent too', silent, true, { ...noAnswer, connected: true }, true, 'proxy'],
    ['the same, and another port ends the connection', silent, true, ended, true, 'proxy'],
    ['the same, and no connection to another port', silent, true, { ...noAnswer, connected: false }, true, 'nothing'],
    ['no connection to the UI, and another port is closed', silent, false, { kind: 'refused' }, true, 'driver'],
    ['the same, and it responds', silent, false, responds, true, 'proxy'],
    ['the same, and it is silent too', silent, false, { ...noAnswer, connected: true }, true, 'proxy'],
    ['no connection to any port', silent, false, { ...noAnswer, connected: false }, false, 'nothing'],
    ['no route to the address', silent, false, { kind: 'inconclusive', detail: 'EHOSTUNREACH' }, false, 'nothing'],
  ]
  for (const [condition, sample, connected, result, expected, reach] of rows) {
    test(`${condition} → ${expected}, ${reach}`, async () => {
      const stop = new AbortController()
      const polled = Promise.withResolvers<void>()
      const requested: string[] = []
      const driver = createRunningDriver()
      const poller = createUiPoller(
        {
          uiClient: { poll: async () => ({ sample, connected, listedId: null, bytes: 0 }) },
          sendUiRequest: async ({ address }) => {
            requested.push(`${address.host}:${address.port}`)
            return result
          },
          requestLimit: createRequestLimit(),
          monotonicMs: () => 0,
          nowMs: () => createdMs,
          sleep: async () => {},
          random: () => 0,
          polled: () => {
            stop.abort()
            polled.resolve()
          },
        },
        stop.signal,
      )
      poller.start(driver, policy, 0)
      await polled.promise
      assert.equal(poller.connects(driver.uid), expected)
      assert.equal(poller.reach(driver.uid), reach)
      assert.deepEqual(requested, sample === alive ? [] : [`${driver.podIp}:9165`])
    })
  }
})

describe('mayBeFinishing', () => {
  const silent: Sample = { kind: 'failing', cause: 'timeout', detail: '', tookMs: 1 }
  const rows: readonly (readonly [string, number, readonly Sample[], boolean])[] = [
    ['a UI that answers', 1, [alive], false],
    ['a UI that closes', 1, [alive, refused], true],
    ['a UI that closes, and something silent on its port', 1, [alive, refused, silent, silent], true],
    ['a UI that closes, and another program on its port', 1, [alive, refused, { kind: 'other', detail: '' }], true],
    ['a UI that closes and answers again', 1, [alive, refused, silent, alive], false],
    ['a UI that answers again, and then is silent', 1, [alive, refused, alive, silent], false],
    ['a UI that has not opened yet', 1, [refused, refused], false],
    ['a new leader that finds the UI closed', 30, [refused], true],
    ['a new leader that finds the UI closed, and then something silent', 30, [late, refused, silent], true],
    ['a new leader that finds the UI answering', 30, [alive, silent], false],
  ]
  for (const [condition, fromMinute, samples, expected] of rows) {
    test(`${condition} → ${expected}`, async () => {
      const stop = new AbortController()
      const polled = Promise.withResolvers<void>()
      const driver = createRunningDriver()
      let polls = 0
      const poller = createUiPoller(
        {
          uiClient: {
            poll: async () => ({ sample: samples[polls] ?? alive, connected: true, listedId: null, bytes: 0 }),
          },
          sendUiRequest: async () => ({ kind: 'refused' }),
          requestLimit: createRequestLimit(),
          monotonicMs: () => polls * minuteMs,
          nowMs: () => createdMs + (fromMinute + polls) * minuteMs,
          sleep: async () => {},
          random: () => 0,
          polled: () => {
            polls += 1
            if (polls < samples.length) return
            stop.abort()
            polled.resolve()
          },
        },
        stop.signal,
      )
      poller.start(driver, policy, 0)
      await polled.promise
      assert.equal(poller.mayBeFinishing(driver.uid), expected)
    })
  }
})
