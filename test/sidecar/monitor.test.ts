import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import type { DriverPolicy } from '../../core/settings/driver-policy.ts'
import type { Sample } from '../../core/verdict/verdict.ts'
import { alive, other, refused, timeout, watchRig } from './monitor-harness.ts'

const failPod: Partial<DriverPolicy> = { onHung: { kind: 'fail-pod', budget: null } }
const budget = { maxRestarts: 2, windowMs: 3_600_000, backoffMs: 10_000 }
const oneContainer: Partial<DriverPolicy> = { onHung: { kind: 'restart-driver-container', budget } }

test('starting, alive, failing, stopping: what the probes find', async (t) => {
  const rig = watchRig(t)
  assert.equal(rig.files(), 'starting')
  assert.equal(await rig.step(refused), 1_000)
  assert.equal(rig.files(), 'starting')
  assert.equal(await rig.step(alive), 5_000)
  assert.equal(rig.files(), 'ready')
  assert.equal(await rig.step(timeout), 0)
  assert.equal(rig.files(), 'ready')
  await rig.step(alive)
  assert.equal(await rig.step(refused), 5_000)
  assert.equal(rig.files(), 'ready')
  assert.deepEqual(rig.world.exits, [])
})

test('a driver that cannot be watched is started and ready, and never acted on', async (t) => {
  const rig = watchRig(t, failPod)
  await rig.during(other, 3 * 3_600_000)
  assert.equal(rig.files(), 'ready')
  assert.equal(rig.world.message, '')
})

test('a sidecar that comes back to a driver that has answered holds nothing back', async (t) => {
  const first = watchRig(t)
  await first.step(alive)
  const second = watchRig(t, {}, first.dir)
  assert.equal(second.files(), 'ready')
  await second.during(refused, 599_000)
  assert.equal(second.files(), 'ready')
})

test('observe: a report only', async (t) => {
  const rig = watchRig(t, { onHung: { kind: 'observe', budget: null } })
  await rig.step(alive)
  await rig.during(timeout, 120_000)
  assert.equal(rig.files(), '')
  assert.equal(rig.world.message, '')
  assert.equal(rig.said('observed only'), 1)
  await rig.step(alive)
  assert.equal(rig.files(), 'ready')
  assert.equal(rig.said('answers again'), 1)
})

test('fail-pod: hung stands with its reason until the driver answers again', async (t) => {
  const rig = watchRig(t, failPod)
  await rig.step(alive)
  await rig.during(timeout, 30_000)
  assert.equal(rig.files(), 'hung')
  assert.match(rig.world.message, /^unresponsive: the Spark UI failed 3 polls in a row over 30 s.*the pod fails$/)
  assert.equal(rig.read('hung'), `${rig.world.message}\n`)
  await rig.during(timeout, 600_000)
  assert.equal(rig.files(), 'hung')
  assert.equal(rig.said('"msg":"driver is hung"'), 1)
  await rig.step(alive)
  assert.equal(rig.files(), 'ready')
  assert.equal(rig.world.message, '')
})

test('fail-pod: the reason outlives a driver that ends before the pod does', async (t) => {
  const rig = watchRig(t, failPod)
  await rig.step(alive)
  await rig.during(timeout, 30_000)
  await rig.step(refused)
  assert.equal(rig.files(), 'ready')
  assert.match(rig.world.message, /^unresponsive/)
})

test('a missed startup deadline is withdrawn when nobody acts on it: the container may have yet to start', async (t) => {
  const rig = watchRig(t, failPod)
  await rig.during(refused, 605_000)
  assert.equal(rig.files(), 'hung')
  await rig.during(refused, 95_000)
  assert.equal(rig.files(), 'starting')
  await rig.step(alive)
  assert.equal(rig.files(), 'ready')
})

test('in place: recorded, told, exit 88', async (t) => {
  const rig = watchRig(t)
  await rig.step(alive)
  await rig.during(timeout, 60_000)
  assert.deepEqual(rig.world.exits, [88])
  assert.equal(rig.files(), '')
  assert.match(rig.world.message, /restart 1 of 3 within 1h, all containers$/)
  assert.deepEqual([rig.memory().answered, rig.memory().attempt, rig.memory().restarts.length], [false, 2, 1])
  assert.equal(rig.memory().restarts[0]?.reason, 'unresponsive')

  const next = watchRig(t, {}, rig.dir)
  assert.equal(next.files(), 'starting')
  assert.equal(next.snapshot().restartState.attempt, 2)
})

test('in place: a restart that cannot be recorded is not made', async (t) => {
  const rig = watchRig(t)
  await rig.step(alive)
  rig.world.memoryFails = true
  await rig.during(timeout, 300_000)
  assert.deepEqual(rig.world.exits, [])
  assert.match(rig.snapshot().problem ?? '', /ENOSPC/)
  assert.equal(rig.snapshot().restartState.attempt, 1)
  rig.world.memoryFails = false
  await rig.step(timeout)
  assert.deepEqual(rig.world.exits, [88])
})

/** The runs of one pod, in which each driver answers once and then hangs, and how each of them ended. */
async function hangs(t: TestContext, runs: number, policy: Partial<DriverPolicy> = {}) {
  let rig = watchRig(t, policy)
  const { dir } = rig
  const ends: string[] = []
  for (let run = 0; run < runs; run += 1) {
    if (run > 0) rig = watchRig(t, policy, dir, rig.world.nowMs)
    await rig.step(alive)
    await rig.during(timeout, 200_000)
    ends.push(rig.world.exits.length > 0 ? 'exit' : rig.files())
  }
  return { ends, rig }
}

test('budget spent: the pod fails instead, and says why', async (t) => {
  const { ends, rig } = await hangs(t, 4)
  assert.deepEqual(ends, ['exit', 'exit', 'exit', 'hung'])
  assert.match(
    rig.world.message,
    /no restart left: all 3 within 1h are spent, the latest at 2026-01-31T12:.*; the pod fails$/,
  )
  assert.deepEqual(rig.snapshot().restartState.attempt, 4)
})

test('backoff: nothing until it is over, and nothing at all when the driver answers meanwhile', async (t) => {
  const policy: Partial<DriverPolicy> = {
    onHung: { kind: 'restart-all-containers', budget: { ...budget, backoffMs: 120_000 } },
  }
  const { rig: first } = await hangs(t, 1, policy)
  const rig = watchRig(t, policy, first.dir, first.world.nowMs)
  await rig.step(alive)
  await rig.during(timeout, 60_000)
  assert.deepEqual(rig.world.exits, [])
  assert.equal(rig.files(), '')
  assert.equal(rig.snapshot().action.kind, 'wait')
  assert.equal(rig.world.message, '')
  await rig.step(alive)
  await rig.during(alive, 200_000)
  assert.deepEqual(rig.world.exits, [])
  await rig.during(timeout, 60_000)
  assert.deepEqual(rig.world.exits, [88])
})

test('the driver container alone: the next driver is noticed when the UI closes, and counts', async (t) => {
  const rig = watchRig(t, oneContainer)
  await rig.step(alive)
  await rig.during(timeout, 30_000)
  assert.equal(rig.files(), 'hung')
  assert.equal(rig.memory().attempt, 1)
  await rig.step(refused)
  assert.equal(rig.files(), 'starting')
  assert.deepEqual([rig.memory().answered, rig.memory().attempt], [false, 2])
  await rig.step(alive)
  assert.equal(rig.files(), 'ready')
})

test('the driver container alone: after 90 s hung goes, whatever the kubelet does', async (t) => {
  const rig = watchRig(t, oneContainer)
  await rig.step(alive)
  await rig.during(timeout, 30_000)
  await rig.during(timeout, 70_000)
  assert.equal(rig.files(), 'hung')
  await rig.during(timeout, 30_000)
  assert.equal(rig.files(), 'starting')
  assert.equal(rig.memory().attempt, 2)
})

test('the driver container alone: budget spent is a report, for such a pod cannot be failed', async (t) => {
  const rig = watchRig(t, oneContainer)
  for (const expected of ['hung', 'hung', '']) {
    await rig.step(alive)
    await rig.during(timeout, 60_000)
    assert.equal(rig.files(), expected)
    await rig.step(refused)
  }
  assert.equal(rig.said('left as it is'), 1)
})

test('the driver container alone: a restart under way when the sidecar dies is counted by the next', async (t) => {
  const rig = watchRig(t, oneContainer)
  await rig.step(alive)
  await rig.during(timeout, 30_000)
  assert.equal(watchRig(t, oneContainer, rig.dir).snapshot().restartState.attempt, 2)
})

test('time in which the sidecar did not run counts for nothing', async (t) => {
  const late: Sample = { kind: 'inconclusive', detail: 'late' }
  const rig = watchRig(t, { stopDeadlineMs: 30_000 })
  await rig.step(alive)
  await rig.step(refused)
  rig.world.nowMs += 3_600_000
  await rig.step(late)
  await rig.step(refused)
  assert.equal(rig.snapshot().verdict.kind, 'stopping')
  await rig.step(timeout)
  rig.world.nowMs += 3_600_000
  await rig.step(timeout)
  assert.equal(rig.snapshot().verdict.kind, 'failing')
  assert.deepEqual(rig.world.exits, [])
})

test('a step of the wall clock neither grants nor eats budget', async (t) => {
  const rig = watchRig(t)
  await rig.step(alive)
  rig.world.wallSkewMs = -86_400_000
  await rig.during(timeout, 60_000)
  assert.deepEqual(rig.world.exits, [88])
  assert.ok((rig.memory().restarts[0]?.atMs ?? 0) > Date.UTC(2026, 0, 31, 12))
})

test('the startup deadline does not run before the driver container does', async (t) => {
  const rig = watchRig(t, { ...failPod, startupProbeTells: true })
  await rig.during(refused, 7_200_000)
  assert.equal(rig.files(), 'starting')
  rig.write('running', '')
  await rig.during(refused, 590_000)
  assert.equal(rig.files(), 'running starting')
  await rig.during(refused, 20_000)
  assert.equal(rig.files(), 'hung running')
})

test('the kubelet’s question at /startedz tells it as well', async (t) => {
  const rig = watchRig(t, { ...failPod, startupProbeTells: true })
  await rig.during(refused, 7_200_000)
  rig.world.startedz = true
  await rig.during(refused, 610_000)
  assert.equal(rig.files(), 'hung')
})

test('a stall is asked about with each poll once it stands', async (t) => {
  const stalled: Sample = { ...alive, work: { jobs: [{ id: 1, endedTasks: 1 }] } } as Sample
  const rig = watchRig(t, { ...failPod, stallDeadlineMs: 30_000 })
  await rig.during(stalled, 40_000)
  assert.equal(rig.files(), 'hung')
  assert.match(rig.world.message, /^stall: jobs are active/)
  await rig.step(alive)
  assert.equal(rig.world.requests.at(-1)?.stalled, true)
  await rig.step({ ...alive, work: { jobs: [{ id: 1, endedTasks: 2 }] } } as Sample)
  assert.equal(rig.files(), 'ready')
})

test('whatever comes: starting and hung never together, ready with neither, and hung only with a verdict', async (t) => {
  const samples = fc.constantFrom<Sample>(alive, refused, other, timeout, { kind: 'inconclusive', detail: 'late' })
  const policies = fc.constantFrom<Partial<DriverPolicy>>({}, failPod, oneContainer, {
    onHung: { kind: 'observe', budget: null },
  })
  await fc.assert(
    fc.asyncProperty(
      policies,
      fc.array(fc.tuple(samples, fc.integer({ min: 1, max: 8 })), { maxLength: 12 }),
      async (policy, runs) => {
        const rig = watchRig(t, { ...policy, startupDeadlineMs: 60_000, stopDeadlineMs: 60_000 })
        for (const [sample, times] of runs) {
          for (let count = 0; count < times && rig.world.exits.length === 0; count += 1) {
            await rig.step(sample)
            const found = rig.files()
            assert.ok(['', 'starting', 'hung', 'ready'].includes(found), found)
            if (found === 'hung') assert.equal(rig.snapshot().verdict.kind, 'hung')
            if (rig.world.exits.length > 0) assert.equal(found, '')
          }
        }
      },
    ),
    { numRuns: 60 },
  )
})
