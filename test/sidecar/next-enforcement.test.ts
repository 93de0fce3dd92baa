import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { DriverPolicy, HungPolicy } from '../../core/settings/driver-policy.ts'
import { createJudgement, type Judgement } from '../../core/verdict/judge.ts'
import { noProcesses, updateProcesses } from '../../core/verdict/processes.ts'
import type { HungReason, Verdict } from '../../core/verdict/verdict.ts'
import type { ProcessRecord, Sample } from '../../core/verdict/witnesses.ts'
import { findDoubtId, noDoubt } from '../../sidecar/doubt.ts'
import { type DriverStartSigns, isDriverKnownToRun } from '../../sidecar/driver-life.ts'
import type {
  EnforcementEffect,
  EnforcementPhase,
  EnforcementState,
  ObservedDriverStart,
} from '../../sidecar/enforcement-state.ts'
import { nextEnforcement, settleRestart } from '../../sidecar/next-enforcement.ts'
import { initialRestartState, type RestartState } from '../../sidecar/restart-state.ts'
import { policyWith } from '../support/driver-policy.ts'

const none: ObservedDriverStart = { kind: 'none' }
/** The probes ran, but could not read the start. */
const unrecorded: ObservedDriverStart = { kind: 'unknown' }
const known = (ticks: string, ageMs: number | null = null): ObservedDriverStart => ({ kind: 'known', ticks, ageMs })
const time = { nowMs: 200_000, wallMs: Date.UTC(2026, 0, 31, 12) }
const budget = { maxRestarts: 1, windowMs: 3_600_000, backoffMs: 120_000 }
const restartAll: HungPolicy = { kind: 'restart-all-containers', budget }
const restartDriver: HungPolicy = { kind: 'restart-driver-container', budget }
const byExitCode: HungPolicy = { kind: 'restart-by-exit-code', budget }
const failPod: HungPolicy = { kind: 'fail-pod', budget: null }
const observe: HungPolicy = { kind: 'observe', budget: null }

const hung = (reason: HungReason) =>
  ({ kind: 'hung', sinceMs: 190_000, certainty: 'certain', evidence: [], reason, detail: 'no answer' }) as const
const judged = (verdict: Verdict, answered = true): Judgement => ({ ...createJudgement(0, { answered }), verdict })
const starting = createJudgement(0)
const alive = judged({ kind: 'alive', sinceMs: 190_000 })
const aliveForLong = judged({ kind: 'alive', sinceMs: time.nowMs - 120_001 })
const processRecord = (recordedMs: number, jvm: ProcessRecord['jvm']): ProcessRecord => ({
  recordedMs,
  jvm,
  pythonCpuTicks: null,
  otherCpuTicks: null,
  throttledUs: null,
  oomKills: null,
})
const recordedAt = (judgement: Judgement, recordedMs: number): Judgement => ({
  ...judgement,
  processes: updateProcesses(noProcesses, processRecord(recordedMs, null)),
})
const failingUi = judged({ kind: 'failing', sinceMs: 190_000, failures: 1, detail: 'timeout' })
const stopping = judged({ kind: 'stopping', sinceMs: 0 })
const unresponsive = judged(hung('unresponsive'))
const startMissed = judged(hung('startup-deadline'), false)
const unmonitored = judged({ kind: 'unknown', sinceMs: 0, detail: 'another program' }, false)

const answeredState: RestartState = { ...initialRestartState, answered: true, driverStartTicks: '100' }
const pending: RestartState = { ...answeredState, pendingRestart: { atMs: time.wallMs, reason: 'unresponsive' } }
const used: RestartState = { ...answeredState, attempt: 2, restarts: [{ atMs: time.wallMs - 60_000, reason: 'stall' }] }
const unnamed: RestartState = { ...answeredState, driverStartTicks: null }
const monitoring: EnforcementPhase = { kind: 'monitoring' }
const failing = (restarts: boolean, ageMs: number, reason: HungReason = 'unresponsive'): EnforcementPhase => ({
  kind: 'acting',
  action: { kind: 'fail', by: 'probe', restarts, signal: 'ALRM', message: 'the reason' },
  verdict: hung(reason),
  sinceMs: time.nowMs - ageMs,
})
const waiting: EnforcementPhase = {
  kind: 'acting',
  action: { kind: 'wait', untilMs: time.wallMs + 1, message: 'later' },
  verdict: hung('unresponsive'),
  sinceMs: 0,
}
const reported = (ageMs: number): EnforcementPhase => ({
  kind: 'acting',
  action: { kind: 'report', message: 'reported only' },
  verdict: hung('deadlock'),
  sinceMs: time.nowMs - ageMs,
})

const stateWith = (phase: EnforcementPhase, restartState = answeredState): EnforcementState => ({
  restartState,
  phase,
  driverRuns: true,
  driverStart: none,
  lastAliveWallMs: null,
  loggedVerdict: null,
  doubt: noDoubt,
  wrongVerdicts: {},
})

function decide(
  state: EnforcementState,
  judgement: Judgement,
  onHung: HungPolicy,
  driverStart: ObservedDriverStart = known('100'),
  fields: Partial<DriverPolicy> = {},
) {
  return nextEnforcement(
    state,
    { unassigned: judgement, sample: null, driverStart, hasRepeatedStartup: false, time },
    policyWith({ onHung, ...fields }),
  )
}

const findHungFile = (effects: readonly EnforcementEffect[]) =>
  effects.flatMap((effect) => (effect.kind === 'write-verdict-files' ? [effect.contents.hung] : []))[0] ?? null

/** `save`, `files hung`, `message`, `log`, … : one word or two for each effect. */
function summarize(effects: readonly EnforcementEffect[]): string {
  return effects
    .filter(({ kind }) => kind !== 'log')
    .map((effect) => {
      if (effect.kind === 'write-verdict-files') {
        const names = Object.entries(effect.contents).filter(([name, content]) => content !== null && name !== 'doubt')
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
    stateWith(monitoring, { ...initialRestartState, driverStartTicks: '100' }),
    starting,
    restartAll,
    'monitoring',
    'files[starting]',
  ],
  [
    'the first answer',
    stateWith(monitoring, { ...initialRestartState, driverStartTicks: '100' }),
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
    'message, save-restart-state, files[hung]',
  ],
  [
    'hung, the driver is to restart by its exit code',
    stateWith(monitoring),
    unresponsive,
    byExitCode,
    'fail',
    'message, save-restart-state, files[hung]',
  ],
  [
    'hung, the restart that is expected has not happened yet',
    stateWith(monitoring, pending),
    unresponsive,
    restartDriver,
    'fail',
    'message, files[hung]',
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
    'hung for another reason, at which nothing may run again',
    stateWith(failing(true, 1_000), pending),
    judged(hung('max-run-time')),
    byExitCode,
    'fail',
    'message, files[hung]',
  ],
  [
    'an answer of a hung driver',
    stateWith(failing(false, 1_000)),
    alive,
    failPod,
    'monitoring',
    'remove-message, files[ready]',
  ],
  [
    'an answer before a pending restart, which the kubelet may have begun',
    stateWith(failing(true, 1_000), pending),
    alive,
    restartDriver,
    'monitoring',
    'remove-message, files[ready]',
  ],
  [
    'answers for longer than the kubelet needs to restart, and then a record of the same driver',
    stateWith(monitoring, pending),
    recordedAt(aliveForLong, time.nowMs),
    restartDriver,
    'monitoring',
    'save-restart-state, files[ready]',
  ],
  [
    'the same, and the newest record is older',
    stateWith(monitoring, pending),
    recordedAt(aliveForLong, time.nowMs - 1_000),
    restartDriver,
    'monitoring',
    'files[ready]',
  ],
  [
    'the same, and no record',
    stateWith(monitoring, pending),
    aliveForLong,
    restartDriver,
    'monitoring',
    'files[ready]',
  ],
  ['a hung driver that stops', stateWith(failing(false, 1_000)), stopping, failPod, 'monitoring', 'files[ready]'],
  [
    'a restarting driver that stops',
    stateWith(failing(true, 1_000), pending),
    stopping,
    restartDriver,
    'monitoring',
    'files[ready]',
  ],
]

type LifeRow = readonly [
  condition: string,
  EnforcementPhase,
  RestartState,
  ObservedDriverStart,
  Judgement,
  HungPolicy,
  phase: string,
  effects: string,
]
const lives: readonly LifeRow[] = [
  [
    'the first record of a driver that starts',
    monitoring,
    initialRestartState,
    known('100'),
    starting,
    failPod,
    'monitoring',
    'save-restart-state, files[starting]',
  ],
  [
    'the first record of a driver that was late',
    failing(false, 1_000, 'startup-deadline'),
    initialRestartState,
    known('100'),
    startMissed,
    failPod,
    'monitoring',
    'save-restart-state, files[starting]',
  ],
  [
    'the first record of a driver that answers',
    monitoring,
    unnamed,
    known('100'),
    alive,
    failPod,
    'monitoring',
    'save-restart-state, files[ready]',
  ],
  [
    'the first record of a hung driver',
    failing(true, 1_000),
    unnamed,
    known('100'),
    unresponsive,
    restartDriver,
    'fail',
    'save-restart-state, save-restart-state, files[hung]',
  ],
  [
    'the first record of a driver that cannot be monitored',
    monitoring,
    initialRestartState,
    known('100'),
    unmonitored,
    failPod,
    'monitoring',
    'save-restart-state, files[ready]',
  ],
  ['no record of a hung driver', monitoring, unnamed, none, unresponsive, restartDriver, 'fail', 'message, files[]'],
  [
    'the record of a hung driver cannot be read',
    monitoring,
    unnamed,
    unrecorded,
    unresponsive,
    restartDriver,
    'report',
    'files[]',
  ],
  [
    'the same, and the pod is to fail',
    monitoring,
    unnamed,
    unrecorded,
    unresponsive,
    failPod,
    'fail',
    'message, files[hung]',
  ],
  ['the same driver', monitoring, answeredState, known('100'), alive, failPod, 'monitoring', 'files[ready]'],
  ['no record any more', monitoring, answeredState, none, alive, failPod, 'monitoring', 'files[ready]'],
  [
    'the kubelet restarted a driver that crashed',
    monitoring,
    answeredState,
    known('200'),
    alive,
    restartDriver,
    'monitoring',
    'save-restart-state, remove-message, files[starting]',
  ],
  [
    'the kubelet restarted a driver that was hung',
    failing(true, 1_000),
    pending,
    known('200'),
    unresponsive,
    restartDriver,
    'monitoring',
    'save-restart-state, remove-message, files[starting]',
  ],
  [
    'a hung driver was restarted by its exit code',
    failing(true, 1_000),
    pending,
    known('200'),
    unresponsive,
    byExitCode,
    'monitoring',
    'save-restart-state, remove-message, files[starting]',
  ],
  [
    'another driver runs while a restart waits for its backoff',
    waiting,
    answeredState,
    known('200'),
    unresponsive,
    restartAll,
    'monitoring',
    'save-restart-state, remove-message, files[starting]',
  ],
]

describe('nextEnforcement', () => {
  for (const [condition, state, judgement, onHung, phase, effects] of rows) {
    test(`${condition} → ${phase}: ${effects}`, () => {
      const next = decide(state, judgement, onHung)
      assert.equal(describePhase(next.state.phase), phase)
      assert.equal(summarize(next.effects), effects)
    })
  }

  for (const [condition, phase, restartState, driverStart, judgement, onHung, expected, effects] of lives) {
    test(`${condition} → ${expected}: ${effects}`, () => {
      const next = decide(stateWith(phase, restartState), judgement, onHung, driverStart)
      assert.equal(describePhase(next.state.phase), expected)
      assert.equal(summarize(next.effects), effects)
      const isOther = driverStart.kind === 'known' && driverStart.ticks === '200'
      assert.equal(next.restarted, isOther)
      if (isOther) assert.deepEqual([next.state.restartState.answered, next.state.driverRuns], [false, true])
      const counts = isOther && restartState.pendingRestart !== null
      assert.equal(next.state.restartState.attempt, counts ? 2 : 1)
    })
  }

  test('the record of the driver that was to end with all containers → it still runs, and has answered', () => {
    const restartState: RestartState = {
      ...initialRestartState,
      attempt: 2,
      previousDriver: { startTicks: '100', answered: true },
    }
    const next = decide(stateWith(monitoring, restartState), starting, restartAll)
    assert.deepEqual(
      [next.judgement.answered, next.state.restartState.answered, next.state.restartState.driverStartTicks],
      [true, true, '100'],
    )
    assert.equal(next.state.restartState.previousDriver, null)
  })

  test('another driver started before the file was written → its start does not count', () => {
    const state = stateWith(failing(true, 1_000), pending)
    const attempts = [1, 0].map(
      (ageMs) => decide(state, unresponsive, restartDriver, known('200', ageMs)).state.restartState,
    )
    assert.deepEqual(
      attempts.map(({ attempt, pendingRestart }) => [attempt, pendingRestart]),
      [
        [1, null],
        [2, null],
      ],
    )
  })

  test('the wall clock was set back while the sidecar restarted → the restart counts, by the uptime of the node', () => {
    const hungState = decide(stateWith(monitoring), unresponsive, restartDriver, known('100', 60_000))
    const { pendingRestart } = hungState.state.restartState
    assert.deepEqual(pendingRestart, { atMs: time.wallMs, reason: 'unresponsive', uptimeMs: 61_000 })
    const setBack = { ...pending, pendingRestart: { ...pendingRestart, atMs: time.wallMs - 1_000 } } as RestartState
    const attempts = ['6099', '6100'].map(
      (ticks) =>
        decide(stateWith(monitoring, setBack), starting, restartDriver, known(ticks, 20_000)).state.restartState,
    )
    assert.deepEqual(
      attempts.map(({ attempt }) => attempt),
      [1, 2],
    )
  })

  const answers: readonly (readonly [string, number | null, number | null, boolean])[] = [
    ['the UI has answered since', 60_000, 30_000, true],
    ['the UI has answered before only', 60_000, 90_000, false],
    ['the UI has never answered', 60_000, null, false],
    ['its age is not known', null, 30_000, false],
  ]
  const unexpected = [
    [byExitCode, ['own-exit-code'], 'a rule restarts for the exit code only'],
    [restartDriver, [], 'the driver has crashed'],
  ] as const
  for (const [onHung, reasons, why] of unexpected) {
    test(`another driver without a verdict, ${onHung.kind}: ${why} → counted ${reasons.length}`, () => {
      const { state } = decide(
        stateWith({ kind: 'monitoring' }),
        createJudgement(time.nowMs, { answered: true }),
        onHung,
        known('200'),
      )
      assert.deepEqual(
        state.restartState.restarts.map(({ reason }) => reason),
        reasons,
      )
      assert.equal(state.restartState.driverStartTicks, '200')
    })
  }

  for (const [condition, ageMs, aliveAgoMs, expected] of answers) {
    test(`another driver has started, ${condition} → answered: ${expected}`, () => {
      const lastAliveWallMs = aliveAgoMs === null ? null : time.wallMs - aliveAgoMs
      const next = decide({ ...stateWith(monitoring), lastAliveWallMs }, stopping, restartDriver, known('200', ageMs))
      assert.equal(next.judgement.answered, expected)
    })
  }

  test('the UI begins to answer again → saved, so that a later sidecar knows it', () => {
    const sample: Sample = { kind: 'alive', evidence: 'application' }
    const input = { unassigned: alive, sample, driverStart: known('100'), hasRepeatedStartup: false, time }
    const run = (length: number) => ({ ...alive, run: { ...alive.run, kind: 'alive', length } }) as const
    const saved = [1, 2].map((length) => {
      const next = nextEnforcement(stateWith(monitoring), { ...input, unassigned: run(length) } as const, policyWith())
      return next.state.restartState.answeredAtMs
    })
    assert.deepEqual(saved, [time.wallMs, null])
  })

  const samples: readonly (readonly [Sample | null, number | null])[] = [
    [{ kind: 'alive', evidence: 'application' }, time.wallMs],
    [{ kind: 'inconclusive', detail: 'late' }, 7],
    [null, 7],
  ]
  for (const [sample, expected] of samples) {
    test(`${sample?.kind ?? 'no'} sample → the UI answered ${expected === 7 ? 'before' : 'now'}`, () => {
      const state = { ...stateWith(monitoring), lastAliveWallMs: 7 }
      const input = { unassigned: alive, sample, driverStart: known('100'), hasRepeatedStartup: false, time }
      assert.equal(nextEnforcement(state, input, policyWith()).state.lastAliveWallMs, expected)
    })
  }

  const endings: readonly (readonly [string, HungPolicy, RestartState, RegExp])[] = [
    ['fail-pod', failPod, answeredState, /^100\nALRM\nunresponsive: .*; the pod fails\n$/],
    ['restart by exit code', byExitCode, answeredState, /^100\nALRM\nunresponsive: .*, the driver container\n$/],
    ['restart by exit code, none left', byExitCode, used, /^100\nKILL\nunresponsive: .*; the pod fails\n$/],
    ['all containers, none left', restartAll, used, /^100\nALRM\nunresponsive: .*; the pod fails\n$/],
  ]
  for (const [condition, onHung, restartState, expected] of endings) {
    test(`hung, ${condition} → the file names driver, signal and reason`, () => {
      assert.match(
        findHungFile(decide(stateWith(monitoring, restartState), unresponsive, onHung).effects) ?? '',
        expected,
      )
    })
  }

  test('a record that can no longer be read → the file names the driver that was recorded before', () => {
    for (const record of [unrecorded, none]) {
      assert.match(findHungFile(decide(stateWith(monitoring), unresponsive, failPod, record).effects) ?? '', /^100\n/)
    }
  })

  test('a longer grace period → the restart is expected for longer', () => {
    const judgement = recordedAt(aliveForLong, time.nowMs)
    const next = decide(stateWith(monitoring, pending), judgement, restartDriver, known('100'), {
      gracePeriodMs: 60_000,
    })
    assert.deepEqual(next.state.restartState.pendingRestart, pending.pendingRestart)
  })

  test('a probe records a hung driver for the first time → the message says what the probe does', () => {
    const before = decide(stateWith(monitoring, unnamed), unresponsive, restartDriver, none)
    const after = decide(before.state, unresponsive, restartDriver)
    const messages = [before, after].map(({ effects }) =>
      effects.flatMap((effect) => (effect.kind === 'write-termination-message' ? [effect.text] : [])).join(),
    )
    assert.match(messages[0] ?? '', /only the controller can end it$/)
    assert.match(messages[1] ?? '', /the driver container$/)
  })

  test('a likely verdict becomes certain, and is still only reported → the reason for that is the new one', () => {
    const likely = judged({ ...hung('stop-deadline'), certainty: 'likely' })
    const before = decide(stateWith(monitoring), likely, restartDriver)
    const after = decide(before.state, judged(hung('stop-deadline')), restartDriver)
    const messageOf = ({ phase }: EnforcementState) =>
      phase.kind === 'acting' && phase.action.kind === 'report' ? phase.action.message : ''
    assert.match(messageOf(before.state), /the verdict is likely/)
    assert.match(messageOf(after.state), /committed its output/)
  })

  test('a likely verdict that is only reported → the driver stays Ready', () => {
    const likely = judged({ ...hung('streaming-stall'), certainty: 'likely' })
    assert.equal(summarize(decide(stateWith(monitoring), likely, failPod).effects), 'files[ready]')
    const acted = decide(stateWith(monitoring), likely, failPod, known('100'), { actOn: 'likely' })
    assert.equal(summarize(acted.effects), 'message, files[hung]')
    const certain = decide(stateWith(monitoring), unresponsive, failPod, known('100'), { actOn: 'nothing' })
    assert.equal(summarize(certain.effects), 'files[]')
  })

  const wrong: readonly (readonly [string, EnforcementPhase, Judgement, object])[] = [
    ['answers after the file was written', failing(false, 600_000), alive, { unresponsive: 1 }],
    ['works within a minute of a blocked action', reported(60_000), alive, { deadlock: 1 }],
    ['works later than that', reported(60_001), alive, {}],
    ['stops', failing(false, 1_000), stopping, {}],
    ['is still hung', failing(false, 1_000), unresponsive, {}],
  ]
  for (const [condition, phase, judgement, expected] of wrong) {
    test(`a hung driver ${condition} → wrong verdicts: ${JSON.stringify(expected)}`, () => {
      assert.deepEqual(decide(stateWith(phase), judgement, failPod).state.wrongVerdicts, expected)
    })
  }

  test('a verdict of the same kind → it is logged once', () => {
    const first = decide(stateWith(monitoring), alive, failPod)
    const second = decide(first.state, alive, failPod)
    assert.deepEqual(
      [first, second].map(({ effects }) => effects.filter(({ kind }) => kind === 'log').length),
      [1, 0],
    )
  })

  test('doubt → an id until the driver answers, and a new one for each episode that does not soon follow another', () => {
    const at = (state: EnforcementState, judgement: Judgement, afterMs: number) =>
      nextEnforcement(
        state,
        {
          unassigned: judgement,
          sample: null,
          driverStart: known('100'),
          hasRepeatedStartup: false,
          time: { nowMs: time.nowMs + afterMs, wallMs: time.wallMs + afterMs },
        },
        policyWith({ onHung: observe, threadDumpIntervalMs: 60_000 }),
      )
    const first = at(stateWith(monitoring), failingUi, 0)
    const later = at(first.state, unresponsive, 10_000)
    const answered = at(later.state, alive, 20_000)
    const soon = at(answered.state, failingUi, 30_000)
    const second = at(soon.state, failingUi, 60_000)
    const answeredAgain = at(soon.state, alive, 40_000)
    const third = at(answeredAgain.state, failingUi, 60_000)
    const id = `1-${time.wallMs}`
    const idOf = ({ state }: { readonly state: EnforcementState }) => findDoubtId(state.doubt)
    assert.deepEqual([first, later, answered, soon, second, answeredAgain, third].map(idOf), [
      id,
      id,
      null,
      id,
      id,
      null,
      `1-${time.wallMs + 60_000}`,
    ])
    assert.notEqual(idOf(at(answered.state, unresponsive, 30_000)), id, 'an action does not wait for a dump')
    assert.equal(idOf(at(later.state, stopping, 20_000)), id)
  })
})

describe('the file hung', () => {
  const record = (startTicks: string): ProcessRecord =>
    processRecord(1_000, {
      startTicks,
      state: 'stopped',
      cpuTicks: 1,
      threads: 1,
      hasDebugAgent: false,
      waitsForDisk: null,
    })
  const rows: readonly [string, Judgement, string][] = [
    ['no record of the JVM', unresponsive, 'ALRM'],
    ['a record of the JVM', { ...unresponsive, processes: updateProcesses(noProcesses, record('4711')) }, 'ALRM 4711'],
    [
      'a later record without a JVM',
      {
        ...unresponsive,
        processes: updateProcesses(updateProcesses(noProcesses, record('4711')), processRecord(2_000, null)),
      },
      'ALRM 4711',
    ],
  ]
  for (const [name, judgement, expected] of rows) {
    test(`${name} → its second line is ${expected}`, () => {
      const { effects } = decide(stateWith(monitoring), judgement, failPod)
      assert.equal(findHungFile(effects)?.split('\n')[1], expected)
    })
  }
})

describe('settleRestart', () => {
  const requested = decide(stateWith(monitoring), unresponsive, restartAll).state

  test('the restart is recorded → files removed, message written, exit', () => {
    const { state, effects } = settleRestart(requested, true, unresponsive, time)
    assert.equal(state.phase.kind, 'ended')
    assert.equal(state.restartState.attempt, 2)
    assert.equal(summarize(effects), 'files[], message, exit-for-restart')
  })

  test('the restart is not recorded → it does not happen and does not count', () => {
    const { state, effects } = settleRestart(requested, false, unresponsive, time)
    assert.equal(state.phase.kind, 'monitoring')
    assert.equal(state.restartState.attempt, 1)
    assert.equal(summarize(effects), 'files[]')
  })
})

describe('isDriverKnownToRun', () => {
  const noSigns: DriverStartSigns = { driverWasProbed: false, driverStart: none }
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
    ['/startedz was requested', fresh, refused, { ...noSigns, driverWasProbed: true }, restartAll, false, true],
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
