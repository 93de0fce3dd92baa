import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Assessment, Hang } from '../../../../webhook/controller/assess/assess.ts'
import { chooseAction, type Safeguards } from '../../../../webhook/controller/decide/choose-action.ts'
import { createdMs, type DriverPodOptions, driverImage, iso, running } from '../../../support/driver-pods.ts'
import { createDriver, permissiveSafeguards } from '../driver/drivers.ts'

const hang = (fields: Partial<Hang> = {}): Assessment => ({
  kind: 'hung',
  hang: { by: 'ui', reason: 'unresponsive', sinceMs: 0, detail: 'timeout', ...fields },
})
const bySidecar = hang({ by: 'sidecar', reason: 'kubelet-did-not-act' })
const untilMs = createdMs + 700_000

const rows: readonly [string, Assessment, Partial<Safeguards>, string, (number | null)?, DriverPodOptions?][] = [
  ['hung', hang(), {}, 'delete-pod'],
  ['hung by its sidecar', bySidecar, {}, 'delete-pod'],
  ['dry run', hang(), { dryRun: true }, 'dry-run'],
  ['report', hang(), { mode: 'report' }, 'report-only'],
  ['off', hang(), { mode: 'off' }, 'report-only'],
  ['report, hung by its sidecar', bySidecar, { mode: 'report' }, 'delete-pod'],
  ['off, hung by its sidecar', bySidecar, { mode: 'off' }, 'report-only'],
  ['observed', hang(), { observeMode: true }, 'observe-mode'],
  ['never answered', hang({ reason: 'startup-deadline' }), {}, 'inconclusive'],
  ['finishing', hang({ reason: 'stop-deadline' }), {}, 'inconclusive'],
  ['young', hang(), {}, 'recently-started', null, { state: running(createdMs + 590_000) }],
  ['being deleted', hang(), {}, 'inconclusive', null, { deletionTimestamp: iso(createdMs) }],
  ['ended', hang(), {}, 'inconclusive', null, { phase: 'Failed' }],
  ['no owner', hang(), { resubmits: false }, 'no-owner'],
  ['paused', hang(), { pause: { untilMs, reason: '' } }, 'paused', untilMs],
  ['paused for ever', hang(), { pause: { untilMs: null, reason: '' } }, 'paused', null],
  ['breaker', hang(), { isBreakerOpen: () => true }, 'circuit-breaker-open'],
  ['quarantined', hang(), { quarantined: true }, 'quarantined'],
  ['budget of the application', hang(), { exhausted: 'application' }, 'application-budget'],
  ['budget of the namespace', hang(), { exhausted: 'namespace' }, 'namespace-budget'],
  ['budget of the cluster', hang(), { exhausted: 'cluster' }, 'cluster-budget'],
  ['backoff', hang(), { backoffUntilMs: untilMs }, 'backoff', untilMs],
  ['backoff over', hang(), { backoffUntilMs: createdMs }, 'delete-pod'],
]
describe('chooseAction', () => {
  for (const [name, assessment, rails, expected, until = null, options] of rows) {
    test(`${name}: ${expected}`, () => {
      const choice = chooseAction(createDriver({ sidecar: null, ...options }), assessment, permissiveSafeguards(rails))
      assert.equal(choice.kind === 'blocked' ? choice.blockReason : choice.kind, expected)
      assert.equal(choice.kind === 'blocked' ? choice.untilMs : null, until)
    })
  }

  const held: Assessment = {
    kind: 'startup-blocked',
    cause: { reason: 'ErrImagePull', detail: '', patienceMs: 0 },
    sinceMs: 0,
  }

  test('a driver that is held back is let go, whatever the rails say: it kills nothing', () => {
    const closed = permissiveSafeguards({
      dryRun: true,
      mode: 'off',
      pause: { untilMs: null, reason: '' },
      exhausted: 'cluster',
      isBreakerOpen: () => true,
    })
    assert.deepEqual(chooseAction(createDriver(), held, closed), { kind: 'bypass-sidecar', image: driverImage })
  })

  test('once', () => {
    assert.deepEqual(chooseAction(createDriver({ sidecar: { image: driverImage } }), held, permissiveSafeguards()), {
      kind: 'report',
    })
  })

  test('executors of the driver before are deleted, unless it is a dry run or paused', () => {
    const assessment: Assessment = { kind: 'restarted', restarts: 1, startedMs: 5 }
    assert.deepEqual(chooseAction(createDriver(), assessment, permissiveSafeguards()), {
      kind: 'delete-executors',
      restarts: 1,
      startedMs: 5,
    })
    for (const rails of [{ dryRun: true }, { pause: { untilMs, reason: '' } }]) {
      assert.deepEqual(chooseAction(createDriver(), assessment, permissiveSafeguards(rails)), { kind: 'report' })
    }
  })
})
