import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { toRecord } from '../../../core/json.ts'
import { createLeaderElector, type LeaderElector } from '../../../kubernetes/leader-election/leader-elector.ts'
import {
  decideLeaseStep,
  isLeading,
  type LeaseRecord,
  leaseTiming,
  msUntilRenewDeadline,
  observeLease,
  parseLease,
} from '../../../kubernetes/leader-election/lease.ts'
import { type ApiFixture, createApiFixture, until } from '../../support/api-fixture.ts'

const record = (fields: Partial<LeaseRecord> = {}): LeaseRecord => ({
  resourceVersion: '7',
  metadata: { resourceVersion: '7' },
  holder: 'a',
  durationMs: 15_000,
  transitions: 3,
  renewTime: '2026-11-24T10:00:00.000000Z',
  acquireTime: '2026-11-24T09:00:00.000000Z',
  ...fields,
})
const wallMs = Date.parse('2026-11-24T12:00:00Z')

const rows: readonly [string, Partial<LeaseRecord>, string, number, 'wait' | { transitions: number }][] = [
  ['held by another replica', {}, 'b', 14_999, 'wait'],
  ['held by another replica, not renewed for its duration', {}, 'b', 15_000, { transitions: 4 }],
  ['held by another replica, with a longer duration', { durationMs: 60_000 }, 'b', 59_999, 'wait'],
  ['held by another replica, without a duration', { durationMs: 0 }, 'b', 14_999, 'wait'],
  ['released', { holder: '' }, 'b', 0, { transitions: 4 }],
  ['held by this replica', {}, 'a', 0, { transitions: 3 }],
]
describe('createLeaderElector', () => {
  for (const [name, fields, identity, elapsedMs, expected] of rows) {
    test(`a lease ${name} → ${expected === 'wait' ? 'waits' : 'takes it'}`, () => {
      const now = { nowMs: 1_000 + elapsedMs, wallMs, durationMs: 15_000 }
      const step = decideLeaseStep({ record: record(fields), sinceMs: 1_000 }, identity, now)
      if (expected === 'wait') assert.deepEqual(step, { kind: 'wait' })
      else {
        assert.ok(step.kind === 'take')
        assert.equal(step.spec.holderIdentity, identity)
        assert.equal(step.spec.leaseTransitions, expected.transitions)
        assert.equal(step.spec.renewTime, '2026-11-24T12:00:00.000000Z')
        const kept = identity === 'a' ? '2026-11-24T09:00:00.000000Z' : '2026-11-24T12:00:00.000000Z'
        assert.equal(step.spec.acquireTime, kept)
      }
    })
  }

  test('an old renewTime → the lease counts from when the change was observed, not by the holder’s clock', () => {
    const old = record({ renewTime: '1999-01-01T00:00:00.000000Z' })
    const first = observeLease(undefined, old, 5_000)
    assert.equal(observeLease(first, old, 9_000).sinceMs, 5_000)
    assert.equal(observeLease(first, record({ resourceVersion: '8' }), 9_000).sinceMs, 9_000)
  })

  test('the renewal deadline, counted from the request → the process no longer leads', () => {
    const held = { kind: 'held', renewedMs: 1_000 } as const
    assert.equal(isLeading(held, 1_000 + leaseTiming.renewDeadlineMs - 1, leaseTiming), true)
    assert.equal(isLeading(held, 1_000 + leaseTiming.renewDeadlineMs, leaseTiming), false)
    assert.equal(isLeading({ kind: 'none' }, 0, leaseTiming), false)
    assert.equal(msUntilRenewDeadline(held, 4_000, leaseTiming), leaseTiming.renewDeadlineMs - 3_000)
    assert.equal(msUntilRenewDeadline({ kind: 'none' }, 0, leaseTiming), 0)
  })

  test('an object that is not a Lease → undefined', () => {
    assert.equal(parseLease({ kind: 'Status' }), undefined)
    assert.equal(parseLease(null), undefined)
    assert.equal(parseLease({ kind: 'Lease' })?.holder, '')
  })

  const quick = { durationMs: 4_500, renewDeadlineMs: 3_000, retryMs: 100 }
  const leases = '/apis/coordination.k8s.io/v1/leases'

  interface Candidate {
    readonly leadership: LeaderElector
    readonly stop: () => void
    readonly ended: Promise<void>
    /** What it did, in order. */
    readonly story: string[]
  }

  function candidate({ deps, signal }: ApiFixture, identity: string): Candidate {
    const stopping = new AbortController()
    const story: string[] = []
    const leading = createLeaderElector({
      ...deps,
      namespace: 'spark-nanny',
      name: 'spark-nanny',
      identity,
      monotonicMs: () => performance.now(),
      timing: quick,
    })
    const lead = async (term: AbortSignal) => {
      story.push(leading.leads() ? 'leads' : 'leads without the lease')
      await new Promise((resolve) => term.addEventListener('abort', resolve, { once: true }))
      story.push('stops')
    }
    const ended = leading.run(lead, AbortSignal.any([signal, stopping.signal]))
    return { leadership: leading, stop: () => stopping.abort(), ended, story }
  }

  async function electing(t: TestContext) {
    const fixture = await createApiFixture(t)
    fixture.api.define(leases)
    const holder = () => {
      const spec = fixture.api.get(leases, 'spark-nanny', 'spark-nanny')?.spec as
        | { holderIdentity?: string }
        | undefined
      return spec?.holderIdentity
    }
    return { ...fixture, holder }
  }

  test('two candidates → one leads, and the other takes over as soon as the lease is released', async (t) => {
    const fixture = await electing(t)
    const a = candidate(fixture, 'a')
    await until(() => a.story.length === 1, 'a leads')
    const b = candidate(fixture, 'b')
    await fixture.deps.sleep(1.3 * quick.durationMs, fixture.signal)
    assert.deepEqual([a.story, b.story], [['leads'], []], 'renewed for longer than it lasts')
    assert.equal(fixture.holder(), 'a')
    a.stop()
    await a.ended
    assert.deepEqual(a.story, ['leads', 'stops'])
    assert.equal(a.leadership.leads(), false)
    await until(() => b.story.length === 1, 'b leads')
    assert.equal(fixture.holder(), 'b')
  })

  test('an unavailable API server → the leader stops before its lease expires, and leads again later', async (t) => {
    const fixture = await electing(t)
    const a = candidate(fixture, 'a')
    await until(() => a.story.length === 1, 'a leads')
    fixture.api.intercept(() => ({ status: 503, body: { message: 'away' } }))
    const renewTime = () => JSON.stringify(fixture.api.get(leases, 'spark-nanny', 'spark-nanny')?.spec)
    const before = renewTime()
    await until(() => a.story.length === 2, 'a stops')
    assert.equal(renewTime(), before)
    assert.equal(a.leadership.leads(), false)
    assert.ok(fixture.lines.some(({ line }) => line.event === 'leader-lost'))
    fixture.api.intercept(() => undefined)
    await until(() => a.story.length === 3, 'a leads again')
  })

  test('a stop while the lease is being acquired → the candidate does not lead and releases the lease', async (t) => {
    const fixture = await electing(t)
    const { api } = fixture
    let taking = false
    api.intercept((method, path) => {
      if (method !== 'POST' || !path.includes('/leases')) return undefined
      taking = true
      return { status: 201, body: api.bodies.at(-1)?.body, delayMs: 300 }
    })
    const a = candidate(fixture, 'a')
    await until(() => taking, 'the request')
    a.stop()
    await a.ended
    assert.deepEqual(a.story, [])
    assert.equal(a.leadership.leads(), false)
    assert.equal(toRecord(toRecord(api.bodies.at(-1)?.body).spec).holderIdentity, '')
  })

  test('a renewal that never returns → the leader stops in time', async (t) => {
    const fixture = await electing(t)
    const a = candidate(fixture, 'a')
    await until(() => a.story.length === 1, 'a leads')
    fixture.api.intercept(() => ({ status: 200, body: {}, delayMs: 15_000 }))
    await until(() => a.story.length === 2, 'a stops')
    assert.equal(a.leadership.leads(), false)
  })

  test('a lease taken by another holder → the leader stops', async (t) => {
    const fixture = await electing(t)
    const a = candidate(fixture, 'a')
    await until(() => a.story.length === 1, 'a leads')
    const lease = fixture.api.get(leases, 'spark-nanny', 'spark-nanny')
    assert.ok(lease)
    fixture.api.set(leases, { ...lease, spec: { ...(lease.spec as object), holderIdentity: 'thief' } })
    await until(() => a.story.includes('stops'), 'a stops')
    assert.equal(fixture.holder(), 'thief')
  })

  test('a process frozen beyond the renew deadline → stops leading immediately', async (t) => {
    const fixture = await electing(t)
    let nowMs = 0
    const leading = createLeaderElector({
      ...fixture.deps,
      namespace: 'spark-nanny',
      name: 'spark-nanny',
      identity: 'a',
      monotonicMs: () => nowMs,
      timing: leaseTiming,
    })
    let leads = false
    void leading.run(async (term) => {
      leads = true
      await new Promise((resolve) => term.addEventListener('abort', resolve, { once: true }))
    }, fixture.signal)
    await until(() => leads, 'it leads')
    nowMs = leaseTiming.renewDeadlineMs - 1
    assert.equal(leading.leads(), true)
    nowMs = leaseTiming.renewDeadlineMs
    assert.equal(leading.leads(), false)
  })

  test('a pre-created Lease without a holder → is taken, and its labels stay', async (t) => {
    const fixture = await electing(t)
    fixture.api.set(leases, {
      kind: 'Lease',
      metadata: { name: 'spark-nanny', namespace: 'spark-nanny', labels: { app: 'x' } },
    })
    const a = candidate(fixture, 'a')
    await until(() => a.story.length === 1, 'a leads')
    assert.equal(fixture.holder(), 'a')
    assert.deepEqual(fixture.api.get(leases, 'spark-nanny', 'spark-nanny')?.metadata.labels, { app: 'x' })
  })

  test('many candidates starting together → exactly one leads', async (t) => {
    const fixture = await electing(t)
    const all = ['a', 'b', 'c', 'd'].map((identity) => candidate(fixture, identity))
    await until(() => all.some(({ story }) => story.length > 0), 'one leads')
    await fixture.deps.sleep(0.5 * quick.durationMs, fixture.signal)
    assert.equal(all.filter((one) => one.leadership.leads()).length, 1)
    assert.equal(all.flatMap(({ story }) => story).length, 1)
  })
})
