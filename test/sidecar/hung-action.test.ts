import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { HungPolicy, RestartBudget } from '../../core/settings/driver-policy.ts'
import type { HungReason, HungVerdict } from '../../core/verdict/verdict.ts'
import { chooseHungAction, type HungContext } from '../../sidecar/hung-action.ts'

const now = Date.UTC(2026, 0, 31, 12, 0, 0)
const time = { nowMs: 10_000, wallMs: now }
const verdict: HungVerdict = {
  kind: 'hung',
  sinceMs: 0,
  certainty: 'certain',
  evidence: [{ witness: 'ui', report: 'no answer to 2 polls', sinceMs: -20_000 }],
  reason: 'unresponsive',
  detail: 'the Spark UI failed',
}
const budget: RestartBudget = { maxRestarts: 2, windowMs: 3_600_000, backoffMs: 60_000 }
const all: HungPolicy = { kind: 'restart-all-containers', budget }
const one: HungPolicy = { kind: 'restart-driver-container', budget }
const byExitCode: HungPolicy = { kind: 'restart-by-exit-code', budget }
const failPod: HungPolicy = { kind: 'fail-pod', budget: null }
const observe: HungPolicy = { kind: 'observe', budget: null }
const history = (...agesMs: readonly number[]) => ({
  restarts: agesMs.map((ageMs) => ({ atMs: now - ageMs, reason: 'stall' })),
  total: agesMs.length,
})
const spent = history(2_600_000, 1_600_000)
const contextWith = (onHung: HungPolicy, fields: Partial<HungContext> = {}): HungContext => ({
  policy: { onHung, actOn: 'certain' },
  history: history(),
  driver: 'one',
  mayHaveClosedUi: false,
  time,
  ...fields,
})
const kubeletRestarts = (onHung: HungPolicy): Pick<HungContext, 'policy'> => ({
  policy: { onHung, actOn: 'certain', kubeletRestarts: true },
})

const what =
  'unresponsive: the Spark UI failed; certain; ui: no answer to 2 polls since 2026-01-31T11:59:30Z; hung since 2026-01-31T11:59:50Z'
const noneLeft = 'no restart left: all 2 within 1h are spent, the latest at 2026-01-31T11:16:40Z, 2026-01-31T11:33:20Z'
const unlimited: HungPolicy = { ...all, budget: { maxRestarts: null, windowMs: null, backoffMs: 0 } }
const noneAllowed: HungPolicy = { ...all, budget: { ...budget, maxRestarts: 0 } }

type Expected = ReturnType<typeof chooseHungAction>
const report = (message: string): Expected => ({ kind: 'report', message: `${what}; ${message}` })
const restart = (message: string): Expected => ({
  kind: 'fail',
  by: 'probe',
  restarts: true,
  signal: 'ALRM',
  message: `${what}; ${message}`,
})
const fail = (message: string, signal: 'ALRM' | 'KILL' = 'ALRM'): Expected => ({
  kind: 'fail',
  by: 'probe',
  restarts: false,
  signal,
  message: `${what}; ${message}`,
})
const byController = (action: Expected): Expected => (action.kind === 'fail' ? { ...action, by: 'controller' } : action)
const wait: Expected = {
  kind: 'wait',
  untilMs: now + 30_000,
  message: `${what}; restart 2 of 2 within 1h not before 2026-01-31T12:00:30Z`,
}
const first = 'restart 1 of 2 within 1h'
const unknownStart = 'left as it is, because its start is not known and the next driver could be ended instead'
const unprobed = 'no probe has run in its container, so that only the controller can end it'
const committed = 'left as it is, because it may have committed its output and the kubelet would run it again'
const endless = 'left as it is, because the kubelet would restart it without a limit'

const rows: readonly (readonly [string, HungContext, Expected])[] = [
  ['observe', contextWith(observe), report('observed only')],
  ['fail-pod', contextWith(failPod), fail('the pod fails')],
  ['fail-pod, by a policy that contradicts the pod', contextWith(failPod, kubeletRestarts(failPod)), report(endless)],
  ['fail-pod, unknown start', contextWith(failPod, { driver: 'any' }), fail('the pod fails')],
  [
    'all containers, first restart',
    contextWith(all),
    { kind: 'restart-all', message: `${what}; ${first}, all containers` },
  ],
  [
    'all containers, unknown start',
    contextWith(all, { driver: 'any' }),
    { kind: 'restart-all', message: `${what}; ${first}, all containers` },
  ],
  ['all containers, during backoff', contextWith(all, { history: history(30_000) }), wait],
  [
    'all containers, after backoff',
    contextWith(all, { history: history(60_000) }),
    { kind: 'restart-all', message: `${what}; restart 2 of 2 within 1h, all containers` },
  ],
  ['all containers, budget spent', contextWith(all, { history: spent }), fail(`${noneLeft}; the pod fails`)],
  [
    'all containers, budget spent, the kubelet restarts what fails',
    contextWith(all, { history: spent, ...kubeletRestarts(all) }),
    report(`${noneLeft}; left as it is`),
  ],
  ['driver container, first restart', contextWith(one), restart(`${first}, the driver container`)],
  ['driver container, no record yet', contextWith(one, { driver: 'none' }), byController(restart(unprobed))],
  ['fail-pod, no record yet', contextWith(failPod, { driver: 'none' }), byController(fail(unprobed))],
  [
    'all containers, no record yet',
    contextWith(all, { driver: 'none' }),
    { kind: 'restart-all', message: `${what}; ${first}, all containers` },
  ],
  ['driver container, unknown start', contextWith(one, { driver: 'any' }), report(unknownStart)],
  ['driver container, during backoff', contextWith(one, { history: history(30_000) }), wait],
  ['driver container, budget spent', contextWith(one, { history: spent }), report(`${noneLeft}; left as it is`)],
  ['by exit code, first restart', contextWith(byExitCode), restart(`${first}, the driver container`)],
  ['by exit code, during backoff', contextWith(byExitCode, { history: history(30_000) }), wait],
  [
    'by exit code, budget spent',
    contextWith(byExitCode, { history: spent }),
    fail(`${noneLeft}; the pod fails`, 'KILL'),
  ],
  [
    'by exit code, budget spent, the kubelet restarts what fails',
    contextWith(byExitCode, { history: spent, ...kubeletRestarts(byExitCode) }),
    report(`${noneLeft}; left as it is`),
  ],
  [
    'by exit code, unknown start',
    contextWith(byExitCode, { driver: 'any' }),
    fail('its start is not known, the pod fails', 'KILL'),
  ],
  [
    'by exit code, unknown start, the kubelet restarts what fails',
    contextWith(byExitCode, { driver: 'any', ...kubeletRestarts(byExitCode) }),
    report(unknownStart),
  ],
  [
    'all containers, a driver that may have closed its UI',
    contextWith(all, { mayHaveClosedUi: true }),
    fail('the pod fails'),
  ],
  [
    'all containers, a driver that may have closed its UI, the kubelet restarts what fails',
    contextWith(all, { mayHaveClosedUi: true, ...kubeletRestarts(all) }),
    report(committed),
  ],
  [
    'driver container, a driver that may have closed its UI',
    contextWith(one, { mayHaveClosedUi: true }),
    report(committed),
  ],
  [
    'by exit code, a driver that may have closed its UI',
    contextWith(byExitCode, { mayHaveClosedUi: true }),
    fail('the pod fails', 'KILL'),
  ],
  ['none allowed', contextWith(noneAllowed), fail('no restart is allowed (max-restarts 0); the pod fails')],
  [
    'without end',
    contextWith(unlimited, { history: history(1) }),
    { kind: 'restart-all', message: `${what}; restart 2, all containers` },
  ],
]

type RunAgainRow = readonly [string, HungPolicy, boolean, 'fail ALRM' | 'fail KILL' | 'report']
const neverRunAgain: readonly RunAgainRow[] = [
  ['restart all containers, restartPolicy Never', all, false, 'fail ALRM'],
  ['restart all containers, restartPolicy OnFailure', all, true, 'report'],
  ['restart by exit code, restartPolicy Never', byExitCode, false, 'fail KILL'],
  ['restart by exit code, restartPolicy OnFailure', byExitCode, true, 'report'],
  ['restart the driver container', one, true, 'report'],
  ['restart the driver container, by a policy of an older webhook', one, false, 'report'],
  ['fail the pod', failPod, false, 'fail ALRM'],
  ['fail the pod, by a policy that contradicts the pod', failPod, true, 'report'],
  ['observe', observe, true, 'report'],
]

describe('chooseHungAction', () => {
  for (const [name, context, expected] of rows) {
    test(`${name} → ${expected.kind}`, () => assert.deepEqual(chooseHungAction(verdict, context), expected))
  }

  for (const reason of ['stop-deadline', 'main-ended', 'max-run-time'] satisfies HungReason[]) {
    for (const [name, onHung, restarts, expected] of neverRunAgain) {
      test(`${reason}; ${name} → ${expected}, and nothing runs again`, () => {
        const context = contextWith(onHung, restarts ? kubeletRestarts(onHung) : {})
        const action = chooseHungAction({ ...verdict, reason }, context)
        assert.equal(action.kind === 'fail' ? `fail ${action.signal}` : action.kind, expected)
        assert.equal(action.kind === 'fail' && action.restarts, false)
      })
    }
  }

  const actOn = [
    ['certain', 'certain', 'restart-all', 'all containers'],
    ['certain', 'likely', 'report', 'reported only: the verdict is likely, and act-on is certain'],
    ['likely', 'certain', 'restart-all', 'all containers'],
    ['likely', 'likely', 'restart-all', 'all containers'],
    ['nothing', 'certain', 'report', 'reported only: act-on is nothing'],
    ['nothing', 'likely', 'report', 'reported only: act-on is nothing'],
  ] as const
  for (const [setting, certainty, kind, end] of actOn) {
    test(`act-on ${setting}, a ${certainty} verdict → ${kind}`, () => {
      const action = chooseHungAction(
        { ...verdict, certainty },
        contextWith(all, { policy: { onHung: all, actOn: setting } }),
      )
      assert.equal(action.kind, kind)
      assert.ok('message' in action && action.message.endsWith(end), JSON.stringify(action))
    })
  }

  test('a long detail with control characters → one line of at most 1000 characters, with its end', () => {
    const long = { ...verdict, detail: 'a\r\nb\u2028c\u001b[31m'.repeat(500) }
    const action = chooseHungAction(long, contextWith(failPod))
    assert.ok('message' in action)
    assert.equal(action.message.length, 1_000)
    assert.match(action.message, /^unresponsive: a b c\\u001b\[31m.*; hung since 2026-01-31T11:59:50Z; the pod fails$/)
    assert.doesNotMatch(action.message, /[\p{Cc}\u2028]/u)
  })
})
