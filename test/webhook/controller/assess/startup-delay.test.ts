import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { formatDeletionReason, isFromSource } from '../../../../core/contract/deletion-history.ts'
import { resolveSettings } from '../../../../core/settings/settings.ts'
import type { Assessment } from '../../../../webhook/controller/assess/assess.ts'
import { findDeadline, findStuck, findWaitReason } from '../../../../webhook/controller/assess/startup-delay.ts'
import { createWaitTracker } from '../../../../webhook/controller/assess/wait-tracker.ts'
import { chooseAction, type Safeguards } from '../../../../webhook/controller/decide/choose-action.ts'
import { areManyStuck } from '../../../../webhook/controller/decide/startup-breaker.ts'
import type { Driver } from '../../../../webhook/controller/driver/driver.ts'
import { createdMs, iso, running, terminated, waiting } from '../../../support/driver-pods.ts'
import { assessDriver, createDriver, permissiveSafeguards } from '../driver/drivers.ts'

const minuteMs = 60_000
const deadlines = {
  'spark-nanny.io/pending-deadline': '10m',
  'spark-nanny.io/image-pull-deadline': '10m',
  'spark-nanny.io/container-creating-deadline': '10m',
}
const settings = resolveSettings({ pod: deadlines })
const pending = (state: object, fields: Partial<Driver> = {}): Driver => ({
  ...createDriver({ phase: 'Pending', ready: false, state, sidecar: null }),
  ...fields,
})
const unscheduled = (fields: Partial<Driver> = {}) =>
  pending({}, { node: null, scheduledMs: null, unscheduled: '0/3 nodes', ...fields })

const rows: readonly [string, Driver, string | null][] = [
  ['unscheduled', unscheduled(), 'pending-deadline'],
  ['held by a scheduling gate', unscheduled({ gated: true }), null],
  ['the image cannot be pulled', pending(waiting('ErrImagePull')), 'image-pull-deadline'],
  ['the image may be being pulled', pending(waiting('ContainerCreating')), null],
  ['init containers run', pending(waiting('PodInitializing')), null],
  [
    'volumes or network missing',
    pending(waiting('ContainerCreating'), { networkDown: true }),
    'container-creating-deadline',
  ],
  [
    'volumes or network missing, with init containers',
    pending(waiting('PodInitializing'), { networkDown: true }),
    'container-creating-deadline',
  ],
  ['the container cannot be created', pending(waiting('CreateContainerConfigError')), 'container-creating-deadline'],
  ['no status from the node', pending({}), 'container-creating-deadline'],
  ['restarted', pending(waiting('RestartingAllContainers')), null],
  ['crash loop', pending(waiting('CrashLoopBackOff')), null],
  ['running', createDriver(), null],
  ['ended', createDriver({ phase: 'Failed', state: terminated(1, createdMs) }), null],
  ['terminating', createDriver({ deletionTimestamp: iso(createdMs) }), null],
]
describe('startup delays', () => {
  for (const [name, driver, key] of rows) {
    test(`${name} → ${key ?? 'no deadline'}`, () => {
      const wait = findWaitReason(driver)
      assert.equal(wait === undefined ? null : (findDeadline(wait, settings)?.key ?? null), key)
      assert.equal(wait === undefined ? null : findDeadline(wait, resolveSettings({})), null, 'unless asked for')
    })
  }

  const stuckPull: Assessment = {
    kind: 'stuck',
    stuck: { reason: 'image-pull', sinceMs: createdMs, detail: 'ErrImagePull', maybeSlow: false },
    deadline: { key: 'image-pull-deadline', afterMs: 10 * minuteMs },
    overdue: true,
  }
  const choices: readonly [string, Partial<Safeguards>, string, (number | null)?, Driver?][] = [
    ['overdue', {}, 'delete-pod'],
    ['mode report', { mode: 'report' }, 'delete-pod'],
    ['mode off', { mode: 'off' }, 'report-only'],
    ['observe mode', { observeMode: true }, 'observe-mode'],
    ['no owner', { ownerRecreatesPod: false }, 'no-owner'],
    ['paused', { pause: { untilMs: 7, reason: '' } }, 'paused', 7],
    ['many drivers stuck', { areManyStuck: () => true }, 'many-drivers-stuck'],
    ['open circuit breaker for hung drivers', { isBreakerOpen: () => true }, 'delete-pod'],
    ['quarantined', { quarantined: true }, 'quarantined'],
    ['exhausted budget', { exhausted: 'namespace' }, 'namespace-budget'],
    ['during backoff', { backoffUntilMs: createdMs + 601_000 }, 'backoff', createdMs + 601_000],
    ['dry run', { dryRun: true }, 'dry-run'],
    ['but running', {}, 'inconclusive', null, createDriver()],
    ['but terminating', {}, 'inconclusive', null, pending({}, { deletionMs: 1 })],
  ]
  for (const [name, safeguards, expected, until = null, driver = pending(waiting('ErrImagePull'))] of choices) {
    test(`stuck, ${name} → ${expected}`, () => {
      const choice = chooseAction(driver, stuckPull, permissiveSafeguards(safeguards))
      assert.equal(choice.kind === 'blocked' ? choice.blockReason : choice.kind, expected)
      assert.equal(choice.kind === 'blocked' ? choice.untilMs : null, until)
    })
  }

  test('a deadline → counts from when this wait reason was first seen, and schedules a reassessment', () => {
    const waits = createWaitTracker()
    const look = (driver: Driver, minutes: number) => {
      const nowMs = createdMs + minutes * minuteMs
      const found = assessDriver(driver, {
        nowMs,
        settings,
        waitingSinceMs: waits.observe(driver, nowMs)?.sinceMs ?? null,
      })
      const [assessment] = found.assessments.filter(({ kind }) => kind === 'stuck')
      return { overdue: assessment?.kind === 'stuck' && assessment.overdue, againMs: found.reassessAtMs }
    }
    // Two hours in a queue, then the scheduler has it for a moment.
    assert.equal(look(unscheduled({ gated: true }), 120).overdue, false)
    assert.deepEqual(look(unscheduled(), 121), { overdue: false, againMs: createdMs + 131 * minuteMs })
    assert.equal(look(pending(waiting('ContainerCreating'), { networkDown: true }), 122).overdue, false)
    assert.equal(look(pending(waiting('ContainerCreating'), { networkDown: true }), 131).overdue, false)
    assert.equal(look(pending(waiting('ContainerCreating')), 140).overdue, false)
    assert.equal(look(pending(waiting('ErrImagePull')), 141).overdue, false)
    assert.equal(look(pending(waiting('ImagePullBackOff')), 150).overdue, false)
    assert.equal(look(pending(waiting('ErrImagePull')), 151).overdue, true)
  })

  test('a driver released by a scheduling gate → its wait counts from the release', () => {
    const waits = createWaitTracker()
    const gate = (gated: boolean, minutes: number) =>
      waits.observe(unscheduled({ gated }), createdMs + minutes * minuteMs)
    assert.equal(gate(true, 120), null)
    assert.deepEqual(pick(gate(false, 180)), [180, true])
    assert.deepEqual(pick(gate(false, 190)), [180, true])
    const gatedUntilMs = createdMs + 180 * minuteMs
    const stuckSince = (minutes: number) =>
      findStuck(unscheduled(), createdMs + minutes * minuteMs, { gatedUntilMs })?.sinceMs
    assert.equal(stuckSince(184), undefined)
    assert.equal(stuckSince(185), gatedUntilMs)
    waits.forget(unscheduled().uid)
    assert.deepEqual(pick(gate(false, 191)), [191, false])
  })

  const pick = (wait: ReturnType<ReturnType<typeof createWaitTracker>['observe']>) =>
    wait === null ? null : [(wait.sinceMs - createdMs) / minuteMs, wait.wasGated]

  /** What may be seen of a driver that is well, however slow: nodes, volumes, images and init containers take their time. */
  const slow: readonly Driver[] = [
    unscheduled({ gated: true }),
    pending(waiting('ContainerCreating')),
    pending(waiting('PodInitializing')),
    createDriver({ ready: false }),
    createDriver(),
    createDriver({ ready: false, state: waiting('RestartingAllContainers'), sidecar: { state: running() } }),
    createDriver({ deletionTimestamp: iso(createdMs) }),
  ]
  /** What passes, within less than the deadline. */
  const passing: readonly Driver[] = [
    unscheduled(),
    pending({}),
    pending(waiting('ContainerCreating'), { networkDown: true }),
    pending(waiting('ErrImagePull')),
    pending(waiting('CreateContainerError')),
  ]

  test('a slow driver, with any deadlines → is never deleted', () => {
    const step = fc.oneof(
      fc.record({
        driver: fc.constantFrom(...slow),
        minutes: fc.integer({ min: 0, max: 600 }),
        passes: fc.constant(false),
      }),
      fc.record({
        driver: fc.constantFrom(...passing),
        minutes: fc.integer({ min: 0, max: 9 }),
        passes: fc.constant(true),
      }),
    )
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const waits = createWaitTracker()
        let nowMs = createdMs
        const lookAt = (driver: Driver) => {
          const waitingSinceMs = waits.observe(driver, nowMs)?.sinceMs ?? null
          for (const assessment of assessDriver(driver, { nowMs, settings, waitingSinceMs }).assessments) {
            assert.ok(
              ['report', 'bypass-sidecar', 'delete-executors'].includes(
                chooseAction(driver, assessment, permissiveSafeguards({ nowMs })).kind,
              ),
            )
          }
        }
        for (const { driver, minutes, passes } of steps) {
          lookAt(driver)
          nowMs += minutes * minuteMs
          lookAt(driver)
          // It gets on: the next thing it waits for is another.
          if (passes) lookAt(createDriver())
        }
      }),
    )
  })

  test('many drivers stuck → true above the share of drivers that started since, never for a single one', () => {
    const nowMs = createdMs + 30 * minuteMs
    const sick = (count: number) => Array.from({ length: count }, () => pending(waiting('ErrImagePull')))
    const started = (count: number) => Array.from({ length: count }, () => createDriver())
    const before = Array.from({ length: 100 }, () => createDriver({ state: running(createdMs - 60_000) }))
    const wait = findWaitReason(sick(1)[0] as Driver)
    assert.ok(wait)
    const gatedUntilMs: (driver: Driver) => number | null = () => null
    const isProtected = (namespace: string) => namespace !== 'unlabelled'
    const many = (...all: readonly Driver[]) =>
      areManyStuck({ namespace: 'spark' }, wait, { all, nowMs, share: 0.2, isProtected, gatedUntilMs })
    assert.equal(many(...sick(1)), false)
    assert.equal(many(...sick(2)), true)
    assert.equal(many(...sick(2), ...before), true, 'drivers started before do not count')
    assert.equal(many(...sick(2), ...started(8)), false)
    assert.equal(many(...sick(3), ...started(8)), true)
    assert.equal(many(...sick(1), unscheduled(), unscheduled()), false, 'stuck for another reason')
    const unplaced = findWaitReason(unscheduled())
    assert.ok(unplaced)
    const released = (untilMs: number | null) =>
      areManyStuck({ namespace: 'spark' }, unplaced, {
        all: [unscheduled(), unscheduled()],
        nowMs,
        share: 0.2,
        isProtected,
        gatedUntilMs: () => untilMs,
      })
    const of = (namespace: string, drivers: readonly Driver[]) => drivers.map((driver) => ({ ...driver, namespace }))
    assert.equal(many(...sick(1), ...of('tenant', sick(50))), false, 'another namespace counts once')
    assert.equal(many(...sick(1), ...of('unlabelled', sick(9)), ...of('tenant', sick(9))), false)
    assert.equal(many(...sick(1), ...of('b', sick(1)), ...of('c', sick(1))), true, 'several namespaces')
    assert.equal(many(...sick(2), ...of('b', started(100))), true, 'most drivers of the namespace itself')
    assert.equal(released(null), true)
    assert.equal(released(nowMs - minuteMs), false, 'a scheduling gate has just released them')
  })

  test('a deletion of a stuck driver → counts for no verdict source', () => {
    const reason = formatDeletionReason({ source: 'stuck', reason: 'pending', detail: 'sidecar ui' })
    assert.equal(reason, 'stuck pending: sidecar ui')
    for (const by of ['ui', 'sidecar'] as const) assert.equal(isFromSource(by, { reason }), false)
  })
})

describe('startup delay after a restart in place', () => {
  const dayMs = 86_400_000
  const restarted = (reason: string) =>
    createDriver({
      ready: false,
      restarts: 1,
      state: waiting(reason),
      status: {
        conditions: [
          { type: 'PodScheduled', status: 'True', lastTransitionTime: iso(createdMs) },
          { type: 'PodReadyToStartContainers', status: 'True', lastTransitionTime: iso(createdMs) },
          { type: 'Ready', status: 'False', lastTransitionTime: iso(createdMs + dayMs) },
        ],
      },
    })

  test('a restart in place of an old pod that has just begun → not stuck', () => {
    assert.equal(findStuck(restarted('RestartingAllContainers'), createdMs + dayMs + 1_000), undefined)
  })

  test('drivers restarted after a long run → are compared only with drivers started since', () => {
    const sick = [restarted('ErrImagePull'), restarted('ErrImagePull'), restarted('ErrImagePull')]
    const well = Array.from({ length: 20 }, () => createDriver({ state: running(createdMs + 60_000) }))
    const wait = findWaitReason(restarted('ErrImagePull'))
    assert.ok(wait)
    assert.equal(
      areManyStuck({ namespace: 'spark' }, wait, {
        all: [...sick, ...well],
        nowMs: createdMs + dayMs + 600_000,
        share: 0.2,
        isProtected: () => true,
        gatedUntilMs: () => null,
      }),
      true,
    )
  })
})
