import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Assessment, Hang } from '../../../../webhook/controller/assess/assess.ts'
import { chooseAction, type Safeguards } from '../../../../webhook/controller/decide/choose-action.ts'
import { createdMs, type DriverPodOptions, driverImage, iso, running } from '../../../support/driver-pods.ts'
import { createDriver, permissiveSafeguards } from '../driver/drivers.ts'

const hang = (fields: Partial<Hang> = {}): Assessment => ({
  kind: 'hung',
  hang: { source: 'ui', reason: 'unresponsive', certainty: 'certain', sinceMs: 0, detail: 'timeout', ...fields },
})
const bySidecar = hang({ source: 'sidecar', reason: 'kubelet-did-not-act' })
const neverAnswered = hang({ reason: 'startup-deadline', certainty: 'likely' })
const likely = hang({ certainty: 'likely' })
const bySidecarStartup = hang({ source: 'sidecar', reason: 'startup-deadline' })
const fromOutside = { judgedFromOutside: true }
const unreached = { reachesUi: false }
const untilMs = createdMs + 700_000

const rows: readonly [string, Assessment, Partial<Safeguards>, string, (number | null)?, DriverPodOptions?][] = [
  ['hung', hang(), {}, 'delete-pod'],
  ['hung by its sidecar', bySidecar, {}, 'delete-pod'],
  ['dry run', hang(), { dryRun: true }, 'dry-run'],
  ['mode report', hang(), { mode: 'report' }, 'report-only'],
  ['mode auto', hang(), { mode: 'auto' }, 'report-only'],
  ['mode auto, judged from outside', hang(), { mode: 'auto', ...fromOutside }, 'delete-pod'],
  ['mode report, judged from outside', hang(), { mode: 'report', ...fromOutside }, 'report-only'],
  ['mode off, judged from outside', hang(), { mode: 'off', ...fromOutside }, 'report-only'],
  ['mode auto, hung by its sidecar', bySidecar, { mode: 'auto' }, 'delete-pod'],
  ['judged from outside, no poll connected', hang(), { mode: 'auto', ...fromOutside, ...unreached }, 'not-reached'],
  ['judged from outside, mode delete, no poll connected', hang(), { ...fromOutside, ...unreached }, 'not-reached'],
  ['without a sidecar, no poll connected', hang(), unreached, 'delete-pod'],
  ['never answered, no poll connected', hang({ reason: 'startup-deadline' }), unreached, 'never-answered'],
  ['never answered, connected', hang({ reason: 'startup-deadline' }), {}, 'never-answered'],
  ['never answered, judged from outside', hang({ reason: 'startup-deadline' }), fromOutside, 'never-answered'],
  ['its sidecar says that it never answered', bySidecarStartup, {}, 'delete-pod'],
  ['a proxy answers for its pod', hang(), { reach: 'proxy' }, 'behind-proxy'],
  ['a proxy answers for its pod, judged from outside', hang(), { reach: 'proxy', ...fromOutside }, 'behind-proxy'],
  ['a proxy answers for its pod, hung by its sidecar', bySidecar, { reach: 'proxy' }, 'delete-pod'],
  ['the network is cut after two polls', hang(), { reach: 'nothing', ...fromOutside }, 'not-reached'],
  ['nothing in its pod answers', hang(), { reach: 'nothing' }, 'not-reached'],
  ['it is not known what the polls reach', hang(), { reach: undefined }, 'not-reached'],
  ['silent after its UI closed', hang(), { mayBeFinishing: true }, 'inconclusive'],
  ['silent after its UI closed, judged from outside', hang(), { mayBeFinishing: true, ...fromOutside }, 'inconclusive'],
  ['on the node’s network', hang(), {}, 'hangs-only-reported', null, { hostNetwork: true }],
  [
    'on the node’s network, judged from outside',
    hang(),
    fromOutside,
    'hangs-only-reported',
    null,
    { hostNetwork: true },
  ],
  ['on the node’s network, hung by its sidecar', bySidecar, {}, 'delete-pod', null, { hostNetwork: true }],
  ['mode off', hang(), { mode: 'off' }, 'report-only'],
  ['mode report, hung by its sidecar', bySidecar, { mode: 'report' }, 'delete-pod'],
  ['mode off, hung by its sidecar', bySidecar, { mode: 'off' }, 'report-only'],
  ['observe mode', hang(), { observeMode: true }, 'observe-mode'],
  ['act-on nothing', hang(), { actOn: 'nothing' }, 'acts-on-nothing'],
  ['act-on nothing, hung by its sidecar', bySidecar, { actOn: 'nothing' }, 'acts-on-nothing'],
  ['likely', likely, {}, 'inconclusive'],
  ['likely, act-on likely', likely, { actOn: 'likely' }, 'delete-pod'],
  ['likely, never answered, act-on likely', neverAnswered, { actOn: 'likely' }, 'never-answered'],
  ['certain, act-on likely', hang(), { actOn: 'likely' }, 'delete-pod'],
  ['finishing, act-on likely', hang({ reason: 'stop-deadline' }), { actOn: 'likely' }, 'inconclusive'],
  ['main has returned, act-on likely', hang({ reason: 'main-ended' }), { actOn: 'likely' }, 'inconclusive'],
  ['finishing', hang({ reason: 'stop-deadline' }), {}, 'inconclusive'],
  ['recently started', hang(), {}, 'recently-started', null, { state: running(createdMs + 590_000) }],
  ['terminating', hang(), {}, 'inconclusive', null, { deletionTimestamp: iso(createdMs) }],
  ['ended', hang(), {}, 'inconclusive', null, { phase: 'Failed' }],
  ['no owner', hang(), { ownerRecreatesPod: false }, 'no-owner'],
  ['paused', hang(), { pause: { untilMs, reason: '' } }, 'paused', untilMs],
  ['paused without an end', hang(), { pause: { untilMs: null, reason: '' } }, 'paused', null],
  ['open circuit breaker', hang(), { isBreakerOpen: () => true }, 'circuit-breaker-open'],
  ['quarantined', hang(), { quarantined: true }, 'quarantined'],
  ['exhausted budget of the application', hang(), { exhausted: 'application' }, 'application-budget'],
  ['exhausted budget of the namespace', hang(), { exhausted: 'namespace' }, 'namespace-budget'],
  ['exhausted budget of the cluster', hang(), { exhausted: 'cluster' }, 'cluster-budget'],
  ['during backoff', hang(), { backoffUntilMs: untilMs }, 'backoff', untilMs],
  ['after backoff', hang(), { backoffUntilMs: createdMs }, 'delete-pod'],
]
describe('chooseAction', () => {
  for (const [name, assessment, safeguards, expected, until = null, options] of rows) {
    test(`${name} → ${expected}`, () => {
      const choice = chooseAction(
        createDriver({ sidecar: null, ...options }),
        assessment,
        permissiveSafeguards(safeguards),
      )
      assert.equal(choice.kind === 'blocked' ? choice.blockReason : choice.kind, expected)
      assert.equal(choice.kind === 'blocked' ? choice.untilMs : null, until)
    })
  }

  for (const [observed, assessment, safeguards, expected] of [
    ['unproven', hang(), {}, 'unproven-driver'],
    ['unproven', bySidecar, {}, 'unproven-driver'],
    ['unproven', hang(), { assumeDriver: true }, 'delete-pod'],
    ['hangs-only-reported', hang(), {}, 'hangs-only-reported'],
    ['hangs-only-reported', bySidecar, { assumeDriver: true }, 'hangs-only-reported'],
  ] as const) {
    test(`a driver that is observed (${observed}), ${JSON.stringify(safeguards)} → ${expected}`, () => {
      const choice = chooseAction(
        createDriver({ sidecar: null }),
        assessment,
        permissiveSafeguards({ observed, ...safeguards }),
      )
      assert.equal(choice.kind === 'blocked' ? choice.blockReason : choice.kind, expected)
    })
  }

  const held: Assessment = {
    kind: 'startup-blocked',
    cause: { reason: 'ErrImagePull', detail: '', blamesImage: true, patienceMs: 0 },
    sinceMs: 0,
  }

  test('a startup blocked by the sidecar → the sidecar is bypassed despite all safeguards, because nothing is killed', () => {
    const closed = permissiveSafeguards({
      dryRun: true,
      mode: 'off',
      pause: { untilMs: null, reason: '' },
      exhausted: 'cluster',
      isBreakerOpen: () => true,
    })
    assert.deepEqual(chooseAction(createDriver(), held, closed), { kind: 'bypass-sidecar', image: driverImage })
  })

  test('a sidecar already bypassed → is only reported', () => {
    assert.deepEqual(chooseAction(createDriver({ sidecar: { image: driverImage } }), held, permissiveSafeguards()), {
      kind: 'report',
    })
  })

  test('a restarted driver → its old executors are deleted, except in a dry run or a pause', () => {
    const assessment: Assessment = { kind: 'restarted', restarts: 1, startedMs: 5 }
    assert.deepEqual(chooseAction(createDriver(), assessment, permissiveSafeguards()), {
      kind: 'delete-executors',
      restarts: 1,
      startedMs: 5,
    })
    for (const safeguards of [{ dryRun: true }, { pause: { untilMs, reason: '' } }]) {
      assert.deepEqual(chooseAction(createDriver(), assessment, permissiveSafeguards(safeguards)), { kind: 'report' })
    }
  })
})
