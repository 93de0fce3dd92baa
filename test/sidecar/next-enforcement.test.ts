import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { HungPolicy } from '../../core/settings/driver-policy.ts'
import { createJudgement, type Judgement } from '../../core/verdict/judge.ts'
import type { HungReason, Verdict } from '../../core/verdict/verdict.ts'
import type { Sample } from '../../core/verdict/witnesses.ts'
import {
  type DriverStartSigns,
  type EnforcementEffect,
  type EnforcementPhase,
  type EnforcementState,
  isDriverKnownToRun,
  nextEnforcement,
  type ObservedDriverStart,
  settleRestart,
} from '../../sidecar/next-enforcement.ts'
import { initialRestartState, type RestartState } from '../../sidecar/restart-state.ts'
import { policyWith } from '../support/driver-policy.ts'

const none: ObservedDriverStart = { kind: 'none' }
/** The probes ran, but could not read the start. */
const unrecorded: ObservedDriverStart = { kind: 'unknown' }
const time = { nowMs: 200_000, wallMs: Date.UTC(2026, 0, 31, 12) }
const budget = { maxRestarts: 1, windowMs: 3_600_000, backoffMs: 120_000 }
const restartAll: HungPolicy = { kind: 'restart-all-containers', budget }
const restartDriver: HungPolicy = { kind: 'restart-driver-container', budget }
const failPod: HungPolicy = { kind: 'fail-pod', budget: null }
const observe: HungPolicy = { kind: 'observe', budget: null }

const hung = (reason: HungReason) =>
  ({ kind: 'hung', sinceMs: 190_000, certainty: 'certain', evidence: [], reason, detail: 'no answer' }) as const
const judged = (verdict: Verdict): Judgement => ({ ...createJudgement(0, true), verdict })
const starting = createJudgement(0)
const alive = judged({ kind: 'alive', sinceMs: 0 })
const stopping = judged({ kind: 'stopping', sinceMs: 0 })
const unresponsive = judged(hung('unresponsive'))

const answeredState: RestartState = { ...initialRestartState, answered: true }
const pending: RestartState = { ...answeredState, pendingRestart: { atMs: time.wallMs, reason: 'unresponsive' } }
const used: RestartState = { ...answeredState, attempt: 2, restarts: [{ atMs: time.wallMs - 60_000, reason: 'stall' }] }
const monitoring: EnforcementPhase = { kind: 'monitoring' }
const failing = (restarts: boolean, ageMs: number, reason: HungReason = 'unresponsive'): EnforcementPhase => ({
  kind: 'acting',
  action: { kind: 'fail', restarts, message: 'the reason' },
  verdict: hung(reason),
  sinceMs: time.nowMs - ageMs,
})
const waiting: EnforcementPhase = {
  kind: 'acting',
  action: { kind: 'wait', untilMs: time.wallMs + 1, message: 'later' },
  verdict: hung('unresponsive'),
  sinceMs: 0,
}

const stateWith = (phase: EnforcementPhase, restartState = answeredState): EnforcementState => ({
  restartState,
  phase,
  driverRuns: true,
  driverStart: none,
  lastAliveWallMs: null,
  loggedVerdict: null,
})

/** `save`, `files hung`, `message`, `log`, … : one word or two for each effect. */
function summarize(effects: readonly EnforcementEffect[]): string {
  return effects
    .filter(({ kind }) => kind !== 'log')
    .map((effect) => {
      if (effect.kind === 'write-verdict-files') {
        const names = Object.entries(effect.contents).filter(([, content]) => content !== null)
        return `files[${names.map(([name]) => name).join(' ')}]`
      }
      if (effect.kind === 'write-termination-message') return effect.text === '' ? 'remove-message' : 'message'
      return effect.kind
    })
    .join(', ')
}

const describePhase = (phase: EnforcementPhase) => (phase.kind === 'acting' ? phase.action.kind : phase.kind)

type Row = readonly [condition: string, EnforcementState, Judgement, HungPolicy, phase: string, effects: string]
const rows: readonly Row[] = [
  [
    'a driver that starts',
    stateWith(monitoring, initialRestartState),
    starting,
    restartAll,
    'monitoring',
    'files[starting]',
  ],
  [
    'the first answer',
    stateWith(monitoring, initialRestartState),
    alive,
    restartAll,
    'monitoring',
    'save-restart-state, files[ready]',
  ],
  ['a later answer', stateWith(monitoring), alive, restartAll, 'monitoring', 'files[ready]'],
  ['hung, observe mode', stateWith(monitoring), unresponsive, observe, 'report', 'files[]'],
  ['hung, the pod is to fail', stateWith(monitoring), unresponsive, failPod, 'fail', 'message, files[hung]'],
  [
    'hung, all containers are to restart',
    stateWith(monitoring),
    unresponsive,
    restartAll,
    'restart-requested',
    'record-restart',
  ],
  [
    'hung in the backoff',
    stateWith(monitoring, used),
    unresponsive,
    { ...restartAll, budget: { ...budget, maxRestarts: 3 } },
    'wait',
    'files[]',
  ],
  ['hung after the backoff', stateWith(waiting), unresponsive, restartAll, 'restart-requested', 'record-restart'],
  ['hung, no restarts left', stateWith(monitoring, used), unresponsive, restartAll, 'fail', 'message, files[hung]'],
  [
    'hung after the UI closed',
    stateWith(monitoring),
    judged(hung('stop-deadline')),
    restartAll,
    'fail',
    'message, files[hung]',
  ],
  [
    'hung, the driver container is to restart',
    stateWith(monitoring),
    unresponsive,
    restartDriver,
    'fail',
    'save-restart-state, message, files[hung]',
  ],
  [
    'hung, no restart of the driver container left',
    stateWith(monitoring, used),
    unresponsive,
    restartDriver,
    'report',
    'files[]',
  ],
  ['still hung', stateWith(failing(false, 600_000)), unresponsive, failPod, 'fail', 'files[hung]'],
  [
    'an answer of a hung driver',
    stateWith(failing(false, 1_000)),
    alive,
    failPod,
    'monitoring',
    'remove-message, files[ready]',
  ],
  [
    'an answer before a pending restart',
    stateWith(failing(true, 1_000), pending),
    alive,
    restartDriver,
    'monitoring',
    'save-restart-state, remove-message, files[ready]',
  ],
  ['a hung driver that stops', stateWith(failing(false, 1_000)), stopping, failPod, 'monitoring', 'files[ready]'],
  [
    'a restarting driver that stops',
    stateWith(failing(true, 1_000), pending),
    stopping,
    restartDriver,
    'monitoring',
    'remove-driver-start, save-restart-state, files[starting]',
  ],
  [
    'a restarting driver, 90 s later',
    stateWith(failing(true, 90_000), pending),
    unresponsive,
    restartDriver,
    'monitoring',
    'remove-driver-start, save-restart-state, files[starting]',
  ],
  [
    'a missed startup deadline, 90 s later',
    stateWith(failing(false, 90_000, 'startup-deadline')),
    judged(hung('startup-deadline')),
    failPod,
    'monitoring',
    'save-restart-state, files[starting]',
  ],
]

describe('nextEnforcement', () => {
  for (const [condition, state, judgement, onHung, phase, effects] of rows) {
    test(`${condition} → ${phase}: ${effects}`, () => {
      const next = nextEnforcement(state, judgement, unrecorded, { onHung }, time)
      assert.equal(describePhase(next.state.phase), phase)
      assert.equal(summarize(next.effects), effects)
    })
  }

  test('a restart by the kubelet → the next driver is judged from the beginning, and the restart counts', () => {
    const next = nextEnforcement(
      stateWith(failing(true, 1_000), pending),
      stopping,
      none,
      { onHung: restartDriver },
      time,
    )
    assert.equal(next.restarted, true)
    assert.deepEqual(next.judgement, createJudgement(time.nowMs))
    assert.equal(next.state.driverRuns, false)
    assert.deepEqual(
      [next.state.restartState.attempt, next.state.restartState.answered, next.state.restartState.pendingRestart],
      [2, false, null],
    )
  })

  const known = (ticks: string, ageMs: number | null = null): ObservedDriverStart => ({ kind: 'known', ticks, ageMs })
  const living: RestartState = { ...answeredState, driverStartTicks: '100' }
  type LifeRow = readonly [
    string,
    EnforcementPhase,
    RestartState,
    ObservedDriverStart,
    Judgement,
    HungPolicy,
    string,
    string,
  ]
  const lives: readonly LifeRow[] = [
    [
      'the first start of a driver is recorded',
      monitoring,
      answeredState,
      known('100'),
      alive,
      failPod,
      'monitoring',
      'save-restart-state, files[ready]',
    ],
    ['the same driver', monitoring, living, known('100'), alive, failPod, 'monitoring', 'files[ready]'],
    ['the start is not recorded', monitoring, living, none, alive, failPod, 'monitoring', 'files[ready]'],
    ['the start cannot be read', monitoring, living, { kind: 'unknown' }, alive, failPod, 'monitoring', 'files[ready]'],
    [
      'the kubelet restarted a driver that crashed',
      monitoring,
      living,
      known('200'),
      alive,
      restartDriver,
      'monitoring',
      'save-restart-state, files[starting]',
    ],
    [
      'the kubelet restarted a driver that was hung',
      failing(true, 1_000),
      { ...living, pendingRestart: { atMs: time.wallMs, reason: 'unresponsive' } },
      known('200'),
      unresponsive,
      restartDriver,
      'monitoring',
      'save-restart-state, files[starting]',
    ],
    [
      'another driver runs while a restart waits for its backoff',
      waiting,
      living,
      known('200'),
      unresponsive,
      restartAll,
      'monitoring',
      'save-restart-state, files[starting]',
    ],
  ]
  for (const [condition, phase, restartState, driverStart, judgement, onHung, expected, effects] of lives) {
    test(`${condition} → ${expected}: ${effects}`, () => {
      const next = nextEnforcement(stateWith(phase, restartState), judgement, driverStart, { onHung }, time)
      assert.equal(describePhase(next.state.phase), expected)
      assert.equal(summarize(next.effects), effects)
      const isOther =
        driverStart.kind === 'known' && restartState.driverStartTicks === '100' && driverStart.ticks === '200'
      assert.equal(next.restarted, isOther)
      if (isOther) assert.deepEqual([next.state.restartState.answered, next.state.driverRuns], [false, true])
      const { pendingRestart } = restartState
      assert.equal(next.state.restartState.attempt, isOther && pendingRestart !== null ? 2 : 1)
    })
  }

  test('a verdict about a driver with a known start → the file names that driver', () => {
    const { effects } = nextEnforcement(
      stateWith(monitoring, living),
      unresponsive,
      known('100'),
      { onHung: failPod },
      time,
    )
    const [hungFile] = effects.flatMap((effect) =>
      effect.kind === 'write-verdict-files' ? [effect.contents.hung] : [],
    )
    assert.match(hungFile ?? '', /^100\nunresponsive: .*\n$/)
  })

  test('a verdict of the same kind → it is logged once', () => {
    const first = nextEnforcement(stateWith(monitoring), alive, none, { onHung: failPod }, time)
    const second = nextEnforcement(first.state, alive, none, { onHung: failPod }, time)
    assert.deepEqual(
      [first, second].map(({ effects }) => effects.filter(({ kind }) => kind === 'log').length),
      [1, 0],
    )
  })
})

describe('settleRestart', () => {
  const requested = nextEnforcement(stateWith(monitoring), unresponsive, none, { onHung: restartAll }, time).state

  test('the restart is recorded → files removed, message written, exit', () => {
    const { state, effects } = settleRestart(requested, true, unresponsive, time)
    assert.equal(state.phase.kind, 'ended')
    assert.equal(state.restartState.attempt, 2)
    assert.equal(summarize(effects), 'files[], remove-driver-start, message, exit-for-restart')
  })

  test('the restart is not recorded → it does not happen and does not count', () => {
    const { state, effects } = settleRestart(requested, false, unresponsive, time)
    assert.equal(state.phase.kind, 'monitoring')
    assert.equal(state.restartState.attempt, 1)
    assert.equal(summarize(effects), 'files[]')
  })
})

describe('isDriverKnownToRun', () => {
  const noSigns: DriverStartSigns = { startedzRequested: false, driverStart: none }
  const refused: Sample = { kind: 'refused' }
  const timeout: Sample = { kind: 'failing', cause: 'timeout', detail: '', tookMs: 1 }
  const fresh: EnforcementState = { ...stateWith(monitoring, initialRestartState), driverRuns: false }
  const restarted: EnforcementState = { ...stateWith(monitoring, used), driverRuns: false }
  const cases: readonly (readonly [
    string,
    EnforcementState,
    Sample,
    DriverStartSigns,
    HungPolicy,
    boolean,
    boolean,
  ])[] = [
    ['no sign', fresh, refused, noSigns, restartAll, false, false],
    ['known before', { ...fresh, driverRuns: true }, refused, noSigns, restartAll, false, true],
    ['/startedz was requested', fresh, refused, { ...noSigns, startedzRequested: true }, restartAll, false, true],
    [
      'the startup probe left its mark',
      fresh,
      refused,
      { ...noSigns, driverStart: { kind: 'unknown' } },
      restartAll,
      false,
      true,
    ],
    ['the first driver listens without answering', fresh, timeout, noSigns, restartAll, false, false],
    ['a restarted driver listens without answering', restarted, timeout, noSigns, restartAll, false, true],
    ['the same on the network of the node', restarted, timeout, noSigns, restartAll, true, false],
    ['the same, restarted by the kubelet', restarted, timeout, noSigns, restartDriver, false, false],
  ]
  for (const [condition, state, sample, signs, onHung, hostNetwork, expected] of cases) {
    test(`${condition} → ${expected}`, () => {
      assert.equal(isDriverKnownToRun(state, sample, signs, policyWith({ onHung, hostNetwork })), expected)
    })
  }
})
