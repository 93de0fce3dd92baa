import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { resolveSettings } from '../../../../core/settings/settings.ts'
import type { Assessment } from '../../../../webhook/controller/assess/assess.ts'
import { createdMs, type DriverPodOptions, iso, running, terminated, waiting } from '../../../support/driver-pods.ts'
import { type AssessmentFields, assessDriver, createDriver, judged, unresponsive } from '../driver/drivers.ts'

/** The kind of an assessment, and the field that distinguishes it from others of its kind. */
const short = (assessment: Assessment): string => {
  switch (assessment.kind) {
    case 'startup-blocked':
      return `startup-blocked ${assessment.cause.reason}`
    case 'judged-from-outside':
      return assessment.kind
    case 'unprotected':
      return `unprotected ${assessment.reason}`
    case 'stuck':
      return `stuck ${assessment.stuck.reason}`
    case 'hung':
      return `hung ${assessment.hang.source} ${assessment.hang.reason}`
    case 'restarted':
      return `restarted ${assessment.restarts}`
    case 'invalid-settings':
      return `invalid-settings ${assessment.problems.length}`
    case 'ended-for-hang':
      return `ended-for-hang ${assessment.end.message}`
  }
}

const blockedStartup = (state: object, sidecar: object = {}): DriverPodOptions => ({
  phase: 'Pending',
  ready: false,
  state: waiting('PodInitializing'),
  sidecar: { state, ...sidecar },
})
const early = { startupBlockedForMs: 5_000 }
const late = { startupBlockedForMs: 15_000 }
const minutes = (count: number) => ({ nowMs: createdMs + count * 60_000 })
const settings = (pod: Readonly<Record<string, string>>) => ({ settings: resolveSettings({ pod }) })

const byProbe = { message: 'frozen: no answer' }

type Row = readonly [string, DriverPodOptions, AssessmentFields, readonly string[]]
const rows: readonly Row[] = [
  ['healthy', {}, {}, []],
  ['healthy, not Ready', { ready: false }, {}, []],
  ['the sidecar’s image is being pulled', blockedStartup(waiting('PodInitializing')), {}, []],
  ['the sidecar’s image cannot be pulled, for 5 s', blockedStartup(waiting('ErrImagePull')), early, []],
  [
    'the sidecar’s image cannot be pulled, for 15 s',
    blockedStartup(waiting('ErrImagePull')),
    late,
    ['startup-blocked ErrImagePull'],
  ],
  [
    'it cannot be created',
    blockedStartup(waiting('CreateContainerConfigError')),
    late,
    ['startup-blocked CreateContainerConfigError'],
  ],
  [
    'a reason of one container runtime',
    blockedStartup(waiting('SignatureValidationFailed')),
    late,
    ['startup-blocked SignatureValidationFailed'],
  ],
  [
    'the sidecar cannot be started',
    blockedStartup(terminated(128, createdMs, { reason: 'StartError' })),
    late,
    ['startup-blocked StartError'],
  ],
  [
    'an error that no retry can fix',
    blockedStartup(waiting('InvalidImageName')),
    {},
    ['startup-blocked InvalidImageName'],
  ],
  ['all containers are restarted', blockedStartup(terminated(88, createdMs)), late, ['ended-for-hang ']],
  ['a slow pull', blockedStartup(waiting('PodInitializing')), { startupBlockedForMs: 119_000 }, []],
  [
    'a pull that takes two minutes',
    blockedStartup(waiting('PodInitializing')),
    { startupBlockedForMs: 120_000 },
    ['startup-blocked Slow'],
  ],
  [
    'all containers are removed for a restart',
    { ...blockedStartup(waiting('RestartingAllContainers')), state: waiting('RestartingAllContainers'), restarts: 1 },
    { startupBlockedForMs: 130_000 },
    [],
  ],
  [
    'all containers are removed for a restart, and the driver shows its next state already',
    { ...blockedStartup(waiting('RestartingAllContainers')), restarts: 1 },
    { ...minutes(60), startupBlockedForMs: 130_000 },
    [],
  ],
  ['the sidecar runs, the driver is being created', blockedStartup(running()), late, []],
  ['the sidecar crashes, the driver runs', { sidecar: { state: waiting('CrashLoopBackOff') } }, late, []],
  [
    'the sidecar crash-loops, the driver runs',
    { sidecar: { state: waiting('CrashLoopBackOff') } },
    minutes(3),
    ['unprotected sidecar-crash-loop'],
  ],
  [
    'the driver’s own image cannot be pulled either',
    { ...blockedStartup(waiting('ErrImagePull')), state: waiting('ErrImagePull') },
    late,
    [],
  ],
  [
    'bypassed just now',
    {
      ...blockedStartup(waiting('ErrImagePull')),
      annotations: { 'spark-nanny.io/sidecar-bypassed': `${iso(createdMs + 30_000)} x` },
    },
    late,
    [],
  ],
  [
    'bypassed without effect',
    {
      ...blockedStartup(waiting('ErrImagePull')),
      annotations: { 'spark-nanny.io/sidecar-bypassed': `${iso(createdMs - 30_000)} x` },
    },
    { startupBlockedForMs: 80_000 },
    ['startup-blocked ErrImagePull'],
  ],
  ['no sidecar', { sidecar: null }, {}, ['unprotected not-injected']],
  [
    'no sidecar, because the cluster does not support it',
    { sidecar: null },
    { nativeSidecars: false },
    ['unprotected skipped'],
  ],
  ['no sidecar, opted out', { sidecar: null }, settings({ 'spark-nanny.io/inject': 'false' }), []],
  ['no sidecar, in another namespace', { sidecar: null }, { inProtectedNamespace: false }, []],
  ['no sidecar, ended', { sidecar: null, phase: 'Failed' }, {}, []],
  ['sidecar bypassed', { sidecar: { image: 'spark:4' } }, {}, ['unprotected sidecar-bypassed']],
  ['an invalid setting', {}, settings({ 'spark-nanny.io/timeout': '20' }), ['invalid-settings 1']],
  ['an invalid setting, ended', { phase: 'Succeeded' }, settings({ 'spark-nanny.io/timeout': '20' }), []],
  ['restarted in place', { restarts: 2, state: running(createdMs + 50_000) }, {}, ['restarted 2']],
  [
    'during a restart in place',
    { restarts: 1, state: waiting('PodInitializing'), ready: false, sidecar: { state: running() } },
    {},
    [],
  ],
  [
    'the driver’s image cannot be pulled',
    { phase: 'Pending', ready: false, state: waiting('ImagePullBackOff') },
    minutes(3),
    ['stuck image-pull'],
  ],
  [
    'the driver’s image cannot be pulled, for a moment',
    { phase: 'Pending', ready: false, state: waiting('ImagePullBackOff') },
    {},
    [],
  ],
  [
    'it cannot be created',
    { phase: 'Pending', ready: false, state: waiting('CreateContainerConfigError') },
    minutes(6),
    ['stuck container-creating'],
  ],
  [
    'slow init containers of the user',
    { phase: 'Pending', ready: false, state: waiting('PodInitializing') },
    minutes(60),
    [],
  ],
  ['terminating', { deletionTimestamp: iso(createdMs + 60_000) }, minutes(2), []],
  ['terminating for too long', { deletionTimestamp: iso(createdMs + 60_000) }, minutes(4), ['stuck terminating']],
  ['the kubelet has not acted yet', { sidecar: { state: terminated(88, createdMs + 30_000) } }, {}, []],
  [
    'the kubelet has not acted yet, by a clock that is behind',
    { sidecar: { state: terminated(88, createdMs + 30_000) } },
    { ...minutes(60), exitUnhandledForMs: 119_000 },
    [],
  ],
  [
    'the kubelet does not act',
    { sidecar: { state: terminated(88, createdMs + 30_000) } },
    { exitUnhandledForMs: 120_000 },
    ['hung sidecar kubelet-did-not-act'],
  ],
  [
    'the kubelet acted',
    { restarts: 1, state: running(createdMs + 31_000), sidecar: { state: terminated(88, createdMs + 30_000) } },
    minutes(3),
    ['restarted 1', 'ended-for-hang '],
  ],
  [
    'the probe ended the driver, and a rule restarted it',
    { restarts: 1, state: running(createdMs + 31_000), lastState: terminated(142, createdMs + 30_000, byProbe) },
    minutes(1),
    ['restarted 1', 'ended-for-hang frozen: no answer'],
  ],
  [
    'the probe ended the driver, and the pod failed',
    { phase: 'Failed', ready: false, state: terminated(142, createdMs + 30_000, byProbe) },
    minutes(1),
    ['ended-for-hang frozen: no answer'],
  ],
  [
    'the probe ended the driver long ago',
    { phase: 'Failed', ready: false, state: terminated(142, createdMs + 30_000, byProbe) },
    minutes(60),
    [],
  ],
  [
    'the driver failed by itself, with the exit code of the probe',
    { phase: 'Failed', ready: false, state: terminated(142, createdMs) },
    minutes(1),
    [],
  ],
  ['the driver failed by itself', { phase: 'Failed', ready: false, state: terminated(1, createdMs) }, minutes(1), []],
  [
    'the UI does not answer',
    { sidecar: null },
    { judgement: judged(unresponsive) },
    ['hung ui unresponsive', 'unprotected not-injected'],
  ],
  [
    'the UI did not answer, and the driver has ended',
    { sidecar: null, phase: 'Failed' },
    { judgement: judged(unresponsive) },
    [],
  ],
  [
    'the UI did not answer, and the driver is terminating',
    { sidecar: null, deletionTimestamp: iso(createdMs + 60_000) },
    { judgement: judged(unresponsive) },
    [],
  ],
]
describe('assess', () => {
  for (const [name, options, fields, expected] of rows) {
    test(`${name} → ${expected.join(', ') || 'no assessment'}`, () => {
      const driver = createDriver(options)
      assert.deepEqual(assessDriver(driver, fields).assessments.map(short), expected)
    })
  }

  test('a pod without a network → stuck; without that condition, init containers may still run', () => {
    const driver = createDriver({ phase: 'Pending', ready: false, state: waiting('PodInitializing') })
    const down = assessDriver({ ...driver, networkDown: true }, minutes(6))
    assert.deepEqual(down.assessments.map(short), ['stuck container-creating'])
    assert.deepEqual(assessDriver({ ...driver, networkDown: false }, minutes(6)).assessments, [])
  })

  test('a pod unscheduled for five minutes → stuck pending', () => {
    const driver = {
      ...createDriver({ phase: 'Pending', state: {}, ready: false }),
      node: null,
      scheduledMs: null,
      unscheduled: '0/3 nodes',
    }
    assert.deepEqual(assessDriver(driver, minutes(4)).assessments.map(short), [])
    const { assessments } = assessDriver(driver, minutes(5))
    assert.deepEqual(assessments.map(short), ['stuck pending'])
  })

  test('an assessment that depends on time → returns when to reassess', () => {
    const held = createDriver(blockedStartup(waiting('ErrImagePull')))
    assert.equal(assessDriver(held, early).reassessAtMs, createdMs + 70_000)
    const pulling = createDriver(blockedStartup(waiting('PodInitializing')))
    assert.equal(assessDriver(pulling).reassessAtMs, createdMs + 180_000)
    const leaving = createDriver({ deletionTimestamp: iso(createdMs + 90_000) })
    assert.equal(assessDriver(leaving).reassessAtMs, createdMs + 210_000)
    assert.equal(assessDriver(createDriver()).reassessAtMs, null, 'a healthy driver needs no timer')
  })
})
