import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  defaultLimits,
  firstSupervision,
  type Supervision,
  type SupervisionEvent,
  type SupervisionLimits,
  type SupervisionStep,
  superviseNext,
} from '../../../webhook/controller-thread/supervision.ts'

const limits: SupervisionLimits = { ...defaultLimits, maxSilentTicks: 2, maxMemoryBytes: 100 }
const running = (silentTicks = 0, failures = 0, sinceMs = 0): Supervision => ({
  kind: 'running',
  sinceMs,
  silentTicks,
  failures,
})
const ending = (cause: 'hung' | 'oversized' | null, failures = 0): Supervision => ({ kind: 'ending', cause, failures })
const waiting = (untilMs: number, failures = 1): Supervision => ({ kind: 'waiting', untilMs, failures })
const stopped: Supervision = { kind: 'stopped' }
const tick = (nowMs = 0): SupervisionEvent => ({ kind: 'tick', nowMs })
const report = (memoryBytes = 1): SupervisionEvent => ({ kind: 'report', memoryBytes })
const exited = (nowMs = 0, cause: 'crashed' | 'out-of-memory' = 'crashed'): SupervisionEvent => ({
  kind: 'exited',
  cause,
  nowMs,
  random: 1,
})
const stop: SupervisionEvent = { kind: 'stop' }
const none = { kind: 'none' } as const
const failure = (cause: 'crashed' | 'out-of-memory' | 'hung' | 'oversized', delayMs: number) =>
  ({ kind: 'report-failure', cause, delayMs }) as const

const rows: readonly [string, Supervision, SupervisionEvent, Supervision, SupervisionStep['effect']][] = [
  ['the first tick', firstSupervision, tick(5), running(0, 0, 5), { kind: 'start' }],
  ['a tick before the next start', waiting(1_000), tick(999), waiting(1_000), none],
  ['a tick at the next start', waiting(1_000), tick(1_000), running(0, 1, 1_000), { kind: 'start' }],
  ['a silent tick', running(1), tick(), running(2), none],
  ['a tick after too much silence', running(2, 3), tick(), ending('hung', 3), { kind: 'terminate', cause: 'hung' }],
  ['a report', running(2, 3), report(), running(0, 3), none],
  [
    'a report of too much memory',
    running(),
    report(101),
    ending('oversized'),
    { kind: 'terminate', cause: 'oversized' },
  ],
  ['a late report of a thread that is ending', ending('hung'), report(), ending('hung'), none],
  ['a tick while a thread is ending', ending('hung'), tick(), ending('hung'), none],
  ['a first crash', running(), exited(7), waiting(1_007), failure('crashed', 1_000)],
  ['a second crash', running(0, 1), exited(7), waiting(2_007, 2), failure('crashed', 2_000)],
  ['a tenth crash', running(0, 9), exited(7), waiting(60_007, 10), failure('crashed', 60_000)],
  ['a crash after a long time', running(0, 9), exited(600_000), waiting(601_000), failure('crashed', 1_000)],
  ['a full heap', running(), exited(0, 'out-of-memory'), waiting(1_000), failure('out-of-memory', 1_000)],
  ['the exit of a hung thread', ending('hung'), exited(), waiting(1_000), failure('hung', 1_000)],
  ['the end of the process', running(), stop, ending(null), { kind: 'ask-to-stop' }],
  ['the end of the process between two threads', waiting(1), stop, stopped, none],
  ['the end of the process while a hung thread ends', ending('hung'), stop, ending(null), none],
  ['the exit at the end of the process', ending(null), exited(), stopped, none],
  ['a tick after the end', stopped, tick(), stopped, none],
]

describe('superviseNext', () => {
  for (const [name, state, event, next, effect] of rows) {
    test(`${name} → ${next.kind}, ${effect.kind}`, () => {
      assert.deepEqual(superviseNext(state, event, limits), { state: next, effect })
    })
  }

  test('any sequence of events → at most one thread at a time, and none after the end', () => {
    const event = fc.oneof(
      fc.nat(200_000).map((nowMs) => tick(nowMs)),
      fc.nat(200).map((bytes) => report(bytes)),
      fc.nat(200_000).map((nowMs) => exited(nowMs)),
      fc.constant(stop),
    )
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const run = { state: firstSupervision, threads: 0, isStopped: false }
        for (const next of events) applyChecked(run, next)
      }),
    )
  })
})

interface Run {
  state: Supervision
  threads: number
  isStopped: boolean
}

/** Applies an event that can happen: only a thread that runs can exit. */
function applyChecked(run: Run, event: SupervisionEvent): void {
  if (event.kind === 'exited' && run.threads === 0) return
  if (event.kind === 'exited') run.threads -= 1
  if (event.kind === 'stop') run.isStopped = true
  const { state, effect } = superviseNext(run.state, event, limits)
  run.state = state
  if (effect.kind === 'start') {
    run.threads += 1
    assert.equal(run.isStopped, false)
  }
  assert.equal(run.threads, state.kind === 'running' || state.kind === 'ending' ? 1 : 0)
}
