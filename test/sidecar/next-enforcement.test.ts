import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { HungPolicy } from '../../core/settings/driver-policy.ts'
import {
  createJudgement,
  type HungReason,
  type Judgement,
  type Sample,
  type Verdict,
} from '../../core/verdict/verdict.ts'
import {
  type DriverStartSigns,
  type EnforcementEffect,
  type EnforcementPhase,
  type EnforcementState,
  isDriverKnownToRun,
  nextEnforcement,
  settleRestart,
} from '../../sidecar/next-enforcement.ts'
import { initialRestartState, type RestartState } from '../../sidecar/restart-state.ts'
import { policyWith } from '../support/driver-policy.ts'

const time = { nowMs: 200_000, wallMs: Date.UTC(2026, 0, 31, 12) }
const budget = { maxRestarts: 1, windowMs: 3_600_000, backoffMs: 120_000 }
const restartAll: HungPolicy = { kind: 'restart-all-containers', budget }
const restartDriver: HungPolicy = { kind: 'restart-driver-container', budget }
const failPod: HungPolicy = { kind: 'fail-pod', budget: null }
const observe: HungPolicy = { kind: 'observe', budget: null }

const hung = (reason: HungReason) => ({ kind: 'hung', sinceMs: 190_000, reason, detail: 'no answer' }) as const
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
    'remove-driver-mark, save-restart-state, files[starting]',
  ],
  [
    'a restarting driver, 90 s later',
    stateWith(failing(true, 90_000), pending),
    unresponsive,
    restartDriver,
    'monitoring',
    'remove-driver-mark, save-restart-state, files[starting]',
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
      const next = nextEnforcement(state, judgement, { onHung }, time)
      assert.equal(describePhase(next.state.phase), phase)
      assert.equal(summarize(next.effects), effects)
    })
  }

  test('a restart by the kubelet → the next driver is judged from the beginning, and the restart counts', () => {
    const next = nextEnforcement(stateWith(failing(true, 1_000), pending), stopping, { onHung: restartDriver }, time)
    assert.equal(next.restarted, true)
    assert.deepEqual(next.judgement, createJudgement(time.nowMs))
    assert.equal(next.state.driverRuns, false)
    assert.deepEqual(
      [next.state.restartState.attempt, next.state.restartState.answered, next.state.restartState.pendingRestart],
      [2, false, null],
    )
  })

  test('a verdict of the same kind → it is logged once', () => {
    const first = nextEnforcement(stateWith(monitoring), alive, { onHung: failPod }, time)
    const second = nextEnforcement(first.state, alive, { onHung: failPod }, time)
    assert.deepEqual(
      [first, second].map(({ effects }) => effects.filter(({ kind }) => kind === 'log').length),
      [1, 0],
    )
  })
})

describe('settleRestart', () => {
  const requested = nextEnforcement(stateWith(monitoring), unresponsive, { onHung: restartAll }, time).state

  test('the restart is recorded → files removed, message written, exit', () => {
    const { state, effects } = settleRestart(requested, true, unresponsive, time)
    assert.equal(state.phase.kind, 'ended')
    assert.equal(state.restartState.attempt, 2)
    assert.equal(summarize(effects), 'files[], remove-driver-mark, message, exit-for-restart')
  })

  test('the restart is not recorded → it does not happen and does not count', () => {
    const { state, effects } = settleRestart(requested, false, unresponsive, time)
    assert.equal(state.phase.kind, 'monitoring')
    assert.equal(state.restartState.attempt, 1)
    assert.equal(summarize(effects), 'files[]')
  })
})

describe('isDriverKnownToRun', () => {
  const none: DriverStartSigns = { startedzRequested: false, hasDriverMark: false }
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
    ['no sign', fresh, refused, none, restartAll, false, false],
    ['known before', { ...fresh, driverRuns: true }, refused, none, restartAll, false, true],
    ['/startedz was requested', fresh, refused, { ...none, startedzRequested: true }, restartAll, false, true],
    ['the startup probe left its mark', fresh, refused, { ...none, hasDriverMark: true }, restartAll, false, true],
    ['the first driver listens without answering', fresh, timeout, none, restartAll, false, false],
    ['a restarted driver listens without answering', restarted, timeout, none, restartAll, false, true],
    ['the same on the network of the node', restarted, timeout, none, restartAll, true, false],
    ['the same, restarted by the kubelet', restarted, timeout, none, restartDriver, false, false],
  ]
  for (const [condition, state, sample, signs, onHung, hostNetwork, expected] of cases) {
    test(`${condition} → ${expected}`, () => {
      assert.equal(isDriverKnownToRun(state, sample, signs, policyWith({ onHung, hostNetwork })), expected)
    })
  }
})
