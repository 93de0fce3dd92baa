import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { HungPolicy, RestartBudget } from '../../core/settings/driver-policy.ts'
import { chooseHungAction, type HungVerdict } from '../../sidecar/hung-action.ts'

const now = Date.UTC(2026, 0, 31, 12, 0, 0)
const verdict: HungVerdict = {
  kind: 'hung',
  sinceMs: 0,
  certainty: 'certain',
  evidence: [],
  reason: 'unresponsive',
  detail: 'the Spark UI failed',
}
const budget: RestartBudget = { maxRestarts: 2, windowMs: 3_600_000, backoffMs: 60_000 }
const all: HungPolicy = { kind: 'restart-all-containers', budget }
const one: HungPolicy = { kind: 'restart-driver-container', budget }
const history = (...agesMs: readonly number[]) => ({
  restarts: agesMs.map((ageMs) => ({ atMs: now - ageMs, reason: 'stall' })),
  total: agesMs.length,
})
const what = 'unresponsive: the Spark UI failed; hung since 2026-01-31T11:59:50Z'
const spent = 'no restart left: all 2 within 1h are spent, the latest at 2026-01-31T11:16:40Z, 2026-01-31T11:33:20Z'

const rows: readonly (readonly [
  string,
  HungPolicy,
  ReturnType<typeof history>,
  ReturnType<typeof chooseHungAction>,
])[] = [
  ['observe', { kind: 'observe', budget: null }, history(), { kind: 'report', message: `${what}; observed only` }],
  [
    'fail-pod',
    { kind: 'fail-pod', budget: null },
    history(),
    { kind: 'fail', restarts: false, message: `${what}; the pod fails` },
  ],
  [
    'all containers, first restart',
    all,
    history(),
    { kind: 'restart-all', message: `${what}; restart 1 of 2 within 1h, all containers` },
  ],
  [
    'all containers, during backoff',
    all,
    history(30_000),
    {
      kind: 'wait',
      untilMs: now + 30_000,
      message: `${what}; restart 2 of 2 within 1h not before 2026-01-31T12:00:30Z`,
    },
  ],
  [
    'all containers, after backoff',
    all,
    history(60_000),
    { kind: 'restart-all', message: `${what}; restart 2 of 2 within 1h, all containers` },
  ],
  [
    'all containers, budget exhausted',
    all,
    history(2_600_000, 1_600_000),
    { kind: 'fail', restarts: false, message: `${what}; ${spent}; the pod fails` },
  ],
  [
    'driver container, first restart',
    one,
    history(),
    { kind: 'fail', restarts: true, message: `${what}; restart 1 of 2 within 1h, the driver container` },
  ],
  [
    'driver container, during backoff',
    one,
    history(30_000),
    {
      kind: 'wait',
      untilMs: now + 30_000,
      message: `${what}; restart 2 of 2 within 1h not before 2026-01-31T12:00:30Z`,
    },
  ],
  [
    'driver container, budget exhausted',
    one,
    history(2_600_000, 1_600_000),
    { kind: 'report', message: `${what}; ${spent}; left as it is` },
  ],
  [
    'none allowed',
    { ...all, budget: { ...budget, maxRestarts: 0 } },
    history(),
    { kind: 'fail', restarts: false, message: `${what}; no restart is allowed (max-restarts 0); the pod fails` },
  ],
  [
    'without end',
    { ...all, budget: { maxRestarts: null, windowMs: null, backoffMs: 0 } },
    history(1),
    { kind: 'restart-all', message: `${what}; restart 2, all containers` },
  ],
]
const closed = { ...verdict, reason: 'stop-deadline' } as const
const none = { restarts: [], total: 0 }
const driverContainer: HungPolicy = { ...all, kind: 'restart-driver-container' }
const closedRows: readonly (readonly [string, HungPolicy, boolean | undefined, string])[] = [
  ['restart all containers, restartPolicy Never', all, undefined, 'fail'],
  ['restart all containers, restartPolicy OnFailure', all, true, 'report'],
  ['restart the driver container', driverContainer, true, 'report'],
  ['restart the driver container, by a policy of an older webhook', driverContainer, undefined, 'report'],
  ['fail the pod', { kind: 'fail-pod', budget: null }, undefined, 'fail'],
  ['fail the pod, by a policy that contradicts the pod', { kind: 'fail-pod', budget: null }, true, 'report'],
  ['observe', { kind: 'observe', budget: null }, true, 'report'],
]

describe('chooseHungAction', () => {
  for (const [name, onHung, kubeletRestarts, expected] of closedRows) {
    test(`the UI has closed; ${name} → ${expected}, and nothing runs again`, () => {
      const policy = { onHung, ...(kubeletRestarts !== undefined && { kubeletRestarts }) }
      const action = chooseHungAction(closed, now - 10_000, policy, none, now)
      assert.equal(action.kind, expected)
      if (action.kind === 'fail') assert.equal(action.restarts, false)
    })
  }

  for (const [name, onHung, restarts, expected] of rows) {
    test(`${name} → ${expected.kind}`, () =>
      assert.deepEqual(chooseHungAction(verdict, now - 10_000, { onHung }, restarts, now), expected))
  }
})
