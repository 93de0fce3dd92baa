import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import fc from 'fast-check'
import type { DriverPolicy } from '../../core/settings/driver-policy.ts'
import type { Observation, Sample } from '../../core/verdict/witnesses.ts'
import { formatMetrics } from '../../sidecar/metrics.ts'
import { recordOf } from '../support/process-record.ts'
import { alive, createMonitorHarness, other, refused, timeout } from './monitor-harness.ts'

const failPod: Partial<DriverPolicy> = { onHung: { kind: 'fail-pod', budget: null } }
const budget = { maxRestarts: 2, windowMs: 3_600_000, backoffMs: 10_000 }
const oneContainer: Partial<DriverPolicy> = { onHung: { kind: 'restart-driver-container', budget } }

/** A driver whose start the probes cannot read. */
function createUnidentifiedHarness(t: TestContext, policy: Partial<DriverPolicy>) {
  const harness = createMonitorHarness(t, policy, undefined, undefined, false)
  harness.write('processes', recordOf(''))
  return harness
}

describe('createMonitor', () => {
  test('a starting, alive, failing and stopping driver → the files of each verdict', async (t) => {
    const harness = createMonitorHarness(t)
    assert.equal(harness.files(), 'starting')
    assert.equal(await harness.step(refused), 1_000)
    assert.equal(harness.files(), 'starting')
    assert.equal(await harness.step(alive), 5_000)
    assert.equal(harness.files(), 'ready')
    assert.equal(await harness.step(timeout), 0)
    assert.equal(harness.files(), 'ready')
    await harness.step(alive)
    assert.equal(await harness.step(refused), 5_000)
    assert.equal(harness.files(), 'ready')
    assert.deepEqual(harness.environment.exits, [])
  })

  test('a driver that cannot be monitored → started and ready, and never acted on', async (t) => {
    const harness = createMonitorHarness(t, failPod)
    await harness.during(other, 3 * 3_600_000)
    assert.equal(harness.files(), 'ready')
    assert.equal(harness.environment.message, '')
  })

  test('a restarted sidecar of a driver that has answered → the startup is not blocked', async (t) => {
    const first = createMonitorHarness(t)
    await first.step(alive)
    const second = createMonitorHarness(t, {}, first.dir)
    assert.equal(second.files(), 'ready')
    await second.during(refused, 599_000)
    assert.equal(second.files(), 'ready')
  })

  test('hung in observe mode → only a log line', async (t) => {
    const harness = createMonitorHarness(t, { onHung: { kind: 'observe', budget: null } })
    await harness.step(alive)
    await harness.during(timeout, 120_000)
    assert.equal(harness.files(), '')
    assert.equal(harness.environment.message, '')
    assert.equal(harness.countLines('observed only'), 1)
    await harness.step(alive)
    assert.equal(harness.files(), 'ready')
    assert.equal(harness.countLines('answers again'), 1)
  })

  test('a hung driver recovers only to close its UI → it is spared within seconds, not after an interval', async (t) => {
    const harness = createMonitorHarness(t, failPod)
    await harness.step(alive)
    await harness.during(timeout, 30_000)
    assert.equal(harness.files(), 'hung')
    assert.equal(await harness.step({ kind: 'failing', cause: 'reset', detail: 'ECONNRESET', tookMs: 1 }), 1_000)
    assert.equal(await harness.step(refused), 5_000)
    assert.equal(harness.files(), 'ready')
  })

  test('fail-pod → the file hung with its reason, until the driver answers again', async (t) => {
    const harness = createMonitorHarness(t, failPod)
    await harness.step(alive)
    await harness.during(timeout, 30_000)
    assert.equal(harness.files(), 'hung')
    assert.match(
      harness.environment.message,
      /^unresponsive: the Spark UI failed 2 polls in a row over 20 s.*the pod fails$/,
    )
    assert.equal(harness.read('hung'), `100\nALRM\n${harness.environment.message}\n`)
    await harness.during(timeout, 600_000)
    assert.equal(harness.files(), 'hung')
    assert.equal(harness.countLines('"msg":"driver is hung"'), 1)
    await harness.step(alive)
    assert.equal(harness.files(), 'ready')
    assert.equal(harness.environment.message, '')
  })

  test('fail-pod, and the driver stops → the termination message stays', async (t) => {
    const harness = createMonitorHarness(t, failPod)
    await harness.step(alive)
    await harness.during(timeout, 30_000)
    await harness.step(refused)
    assert.equal(harness.files(), 'ready')
    assert.match(harness.environment.message, /^unresponsive/)
  })

  test('a missed startup deadline → the file hung stays until the driver answers', async (t) => {
    const harness = createUnidentifiedHarness(t, { ...failPod, actOn: 'likely' })
    await harness.during(refused, 605_000)
    assert.equal(harness.files(), 'hung')
    await harness.during(refused, 600_000)
    assert.equal(harness.files(), 'hung')
    await harness.step(alive)
    assert.equal(harness.files(), 'ready')
  })

  test('restart of all containers → recorded, written to the termination message, exit 88', async (t) => {
    const harness = createMonitorHarness(t)
    await harness.step(alive)
    await harness.during(timeout, 60_000)
    assert.deepEqual(harness.environment.exits, [88])
    assert.equal(harness.files(), '')
    assert.match(harness.environment.message, /restart 1 of 3 within 1h, all containers$/)
    assert.deepEqual(
      [harness.memory().answered, harness.memory().attempt, harness.memory().restarts.length],
      [false, 2, 1],
    )
    assert.equal(harness.memory().restarts[0]?.reason, 'unresponsive')

    const next = createMonitorHarness(t, {}, harness.dir)
    assert.equal(next.files(), 'starting')
    assert.equal(next.snapshot().restartState.attempt, 2)
  })

  test('a restart that cannot be recorded → not made', async (t) => {
    const harness = createMonitorHarness(t)
    await harness.step(alive)
    harness.environment.restartStateWriteFails = true
    await harness.during(timeout, 300_000)
    assert.deepEqual(harness.environment.exits, [])
    assert.match(harness.snapshot().problem ?? '', /ENOSPC/)
    assert.equal(harness.snapshot().restartState.attempt, 1)
    harness.environment.restartStateWriteFails = false
    await harness.step(timeout)
    assert.deepEqual(harness.environment.exits, [88])
  })

  /** The runs of one pod, in which each driver answers once and then hangs, and how each of them ended. */
  async function hangs(t: TestContext, runs: number, policy: Partial<DriverPolicy> = {}) {
    let harness = createMonitorHarness(t, policy)
    const { dir } = harness
    const ends: string[] = []
    for (let run = 0; run < runs; run += 1) {
      if (run > 0) harness = createMonitorHarness(t, policy, dir, harness.environment.nowMs)
      harness.startDriver()
      await harness.step(alive)
      await harness.during(timeout, 200_000)
      ends.push(harness.environment.exits.length > 0 ? 'exit' : harness.files())
    }
    return { ends, harness }
  }

  test('an exhausted budget → the pod fails, with the reason', async (t) => {
    const { ends, harness } = await hangs(t, 4)
    assert.deepEqual(ends, ['exit', 'exit', 'exit', 'hung'])
    assert.match(
      harness.environment.message,
      /no restart left: all 3 within 1h are spent, the latest at 2026-01-31T12:.*; the pod fails$/,
    )
    assert.deepEqual(harness.snapshot().restartState.attempt, 4)
  })

  test('a backoff → no restart before its end, and none if the driver answers', async (t) => {
    const policy: Partial<DriverPolicy> = {
      onHung: { kind: 'restart-all-containers', budget: { ...budget, backoffMs: 120_000 } },
    }
    const { harness: first } = await hangs(t, 1, policy)
    const harness = createMonitorHarness(t, policy, first.dir, first.environment.nowMs)
    await harness.step(alive)
    await harness.during(timeout, 60_000)
    assert.deepEqual(harness.environment.exits, [])
    assert.equal(harness.files(), '')
    assert.equal(harness.snapshot().action.kind, 'wait')
    assert.equal(harness.environment.message, '')
    await harness.step(alive)
    await harness.during(alive, 200_000)
    assert.deepEqual(harness.environment.exits, [])
    await harness.during(timeout, 60_000)
    assert.deepEqual(harness.environment.exits, [88])
  })

  for (const kind of ['restart-driver-container', 'restart-by-exit-code'] as const) {
    test(`${kind} → counted when another driver is recorded`, async (t) => {
      const harness = createMonitorHarness(t, { onHung: { kind, budget } })
      await harness.step(alive)
      await harness.during(timeout, 30_000)
      assert.equal(harness.files(), 'hung')
      await harness.during(refused, 60_000)
      assert.equal(harness.memory().attempt, 1)
      harness.startDriver()
      await harness.step(refused)
      assert.equal(harness.files(), 'starting')
      assert.deepEqual([harness.memory().answered, harness.memory().attempt], [false, 2])
      await harness.step(alive)
      assert.equal(harness.files(), 'ready')
    })

    test(`${kind}, the sidecar restarts meanwhile → counted by the next one`, async (t) => {
      const policy: Partial<DriverPolicy> = { onHung: { kind, budget } }
      const harness = createMonitorHarness(t, policy)
      await harness.step(alive)
      await harness.during(timeout, 30_000)
      const next = createMonitorHarness(t, policy, harness.dir, harness.environment.nowMs, false)
      assert.equal(next.snapshot().restartState.attempt, 1)
      next.startDriver()
      await next.step(refused)
      assert.equal(next.snapshot().restartState.attempt, 2)
    })
  }

  test('restart of a driver whose start is not known → only a log line', async (t) => {
    const harness = createUnidentifiedHarness(t, oneContainer)
    await harness.step(alive)
    await harness.during(timeout, 600_000)
    assert.equal(harness.files(), '')
    assert.equal(harness.countLines('its start is not known'), 1)
  })

  test('restart of the driver container, budget exhausted → only a log line', async (t) => {
    const harness = createMonitorHarness(t, oneContainer)
    for (const expected of ['hung', 'hung', '']) {
      harness.startDriver()
      await harness.step(refused)
      await harness.step(alive)
      await harness.during(timeout, 60_000)
      assert.equal(harness.files(), expected)
    }
    assert.equal(harness.countLines('left as it is'), 1)
  })

  test('a driver that answers again while its restart is under way → counted as a wrong verdict', async (t) => {
    const harness = createMonitorHarness(t, oneContainer)
    await harness.step(alive)
    await harness.during(timeout, 30_000)
    await harness.step(alive)
    assert.deepEqual(harness.snapshot().wrongVerdicts, { unresponsive: 1 })
    assert.equal(harness.countLines('"wrongVerdict":true'), 1)
    const metrics = formatMetrics({ kind: 'monitoring', snapshot: harness.snapshot() }, '1.2.3')
    assert.match(metrics, /^spark_nanny_sidecar_wrong_verdicts_total\{reason="unresponsive"\} 1$/m)
  })

  test('a failing driver → the file doubt, until it answers', async (t) => {
    const harness = createMonitorHarness(t, failPod)
    await harness.step(alive)
    assert.equal(harness.read('doubt'), null)
    await harness.step(timeout)
    const id = harness.read('doubt')
    assert.match(id ?? '', /^1-\d+\n$/)
    await harness.during(timeout, 60_000)
    assert.equal(harness.read('doubt'), id)
    const next = createMonitorHarness(t, failPod, harness.dir, harness.environment.nowMs)
    assert.equal(next.read('doubt'), null, 'a new sidecar has no doubt yet')
    await next.step(timeout)
    assert.notEqual(next.read('doubt'), id)
    await next.step(alive)
    assert.equal(next.read('doubt'), null)
  })

  test('time in which the sidecar did not run → does not count', async (t) => {
    const late: Sample = { kind: 'inconclusive', detail: 'late' }
    const harness = createMonitorHarness(t, { stopDeadlineMs: 30_000, failureThreshold: 3 })
    await harness.step(alive)
    await harness.step(refused)
    harness.environment.nowMs += 3_600_000
    await harness.step(late)
    await harness.step(refused)
    assert.equal(harness.snapshot().verdict.kind, 'stopping')
    await harness.step(timeout)
    harness.environment.nowMs += 3_600_000
    await harness.step(timeout)
    assert.equal(harness.snapshot().verdict.kind, 'failing')
    assert.deepEqual(harness.environment.exits, [])
  })

  test('a step of the wall clock → the budget does not change', async (t) => {
    const harness = createMonitorHarness(t)
    await harness.step(alive)
    harness.environment.wallSkewMs = -86_400_000
    await harness.during(timeout, 60_000)
    assert.deepEqual(harness.environment.exits, [88])
    assert.ok((harness.memory().restarts[0]?.atMs ?? 0) > Date.UTC(2026, 0, 31, 12))
  })

  test('no record of the driver was ever readable, and the volume is full → a long pause has the longer deadline', async (t) => {
    const harness = createMonitorHarness(
      t,
      { onHung: { kind: 'fail-pod', budget: null }, busyDeadlineMs: 300_000 },
      undefined,
      1_000,
      false,
    )
    harness.record('100\nj S 1')
    await harness.during(alive, 30_000)
    await harness.during(timeout, 200_000)
    assert.equal(harness.snapshot().verdict.kind, 'failing')
    await harness.during(timeout, 120_000)
    assert.equal(harness.snapshot().verdict.kind, 'hung')
  })

  test('a driver container that does not run → no startup deadline', async (t) => {
    const harness = createMonitorHarness(t, { ...failPod, startupProbeTells: true, actOn: 'likely' })
    await harness.during(refused, 7_200_000)
    assert.equal(harness.files(), 'starting')
    harness.write('processes', recordOf(''))
    await harness.during(refused, 590_000)
    assert.equal(harness.files(), 'starting')
    await harness.during(refused, 20_000)
    assert.equal(harness.files(), 'hung')
  })

  test('a request of /startedz → the startup deadline runs', async (t) => {
    const harness = createMonitorHarness(t, { ...failPod, startupProbeTells: true, actOn: 'likely' })
    await harness.during(refused, 7_200_000)
    harness.environment.startedz = true
    await harness.during(refused, 610_000)
    assert.equal(harness.snapshot().verdict.kind, 'hung')
    assert.equal(harness.files(), '', 'no liveness probe has run, so none can fail for this driver')
  })

  const restartAll = {
    kind: 'restart-all-containers',
    budget: { maxRestarts: 3, windowMs: null, backoffMs: 0 },
  } as const
  const http = { startupProbeTells: true, onHung: restartAll, kubeletRestarts: true, actOn: 'likely' } as const
  const completed = async (t: TestContext, policy: Partial<DriverPolicy>) => {
    const harness = createMonitorHarness(t, { ...http, ...policy })
    harness.environment.startedz = true
    await harness.during(alive, 60_000)
    await harness.during(refused, 300_000)
    assert.equal(harness.snapshot().verdict.kind, 'stopping')
    return harness
  }

  test('no records, the UI has closed, and the startup probe begins again → the next driver has its startup deadline', async (t) => {
    const harness = await completed(t, { startupDeadlineMs: 1_200_000 })
    harness.environment.startupRepeats = true
    await harness.during(refused, 1_190_000)
    assert.deepEqual([harness.snapshot().verdict.kind, harness.files()], ['starting', 'starting'])
    await harness.during(alive, 60_000)
    assert.deepEqual([harness.snapshot().verdict.kind, harness.files()], ['alive', 'ready'])
    await harness.during(timeout, 180_000)
    assert.deepEqual(harness.environment.exits, [88], 'it is a driver of its own')
  })

  test('the next driver accepts connections and boots for longer than unresponsive-deadline → it is left alone', async (t) => {
    const harness = await completed(t, {})
    harness.environment.startupRepeats = true
    await harness.step(refused)
    await harness.during(timeout, 580_000)
    assert.deepEqual([harness.snapshot().verdict.kind, harness.environment.exits], ['starting', []])
  })

  test('no record shows whether it is the next driver or the one that closed its UI → it is not run again', async (t) => {
    const harness = await completed(t, { startupDeadlineMs: 60_000 })
    harness.environment.startupRepeats = true
    await harness.during(refused, 590_000)
    assert.equal(harness.snapshot().verdict.kind, 'starting', 'not before the stop deadline')
    await harness.during(refused, 30_000)
    assert.deepEqual([harness.snapshot().verdict.kind, harness.environment.exits], ['hung', []])
    await harness.during(timeout, 1_300_000)
    assert.deepEqual([harness.snapshot().verdict.kind, harness.environment.exits], ['hung', []])
  })

  test('a pod that never restarts its driver → a startup probe that begins again is that of a kubelet that has restarted', async (t) => {
    const harness = await completed(t, { kubeletRestarts: false })
    harness.environment.startupRepeats = true
    await harness.during(refused, 290_000)
    assert.equal(harness.snapshot().verdict.kind, 'stopping')
  })

  test('the UI answers or fails, and the startup probe begins again → nothing changes', async (t) => {
    const harness = createMonitorHarness(t, http)
    await harness.during(alive, 60_000)
    const sinceMs = harness.snapshot().sinceWallMs
    harness.environment.startupRepeats = true
    await harness.during(alive, 60_000)
    assert.deepEqual([harness.snapshot().verdict.kind, harness.snapshot().sinceWallMs], ['alive', sinceMs])
    await harness.during(timeout, 30_000)
    harness.environment.startupRepeats = true
    await harness.during(timeout, 180_000)
    assert.deepEqual(harness.environment.exits, [88])
  })

  test('a black box with a thread dump → the frame is evidence of the verdict, since the dump', async (t) => {
    const harness = createMonitorHarness(t, failPod)
    await harness.step(alive)
    const askedWallMs = Date.UTC(2026, 0, 31, 12, 0, 30)
    harness.environment.topFrame = { text: 'main at a.B.c(B.java:1)', askedWallMs }
    await harness.during(timeout, 200_000)
    assert.match(
      harness.environment.message,
      /threads: top frame main at a\.B\.c\(B\.java:1\) since 2026-01-31T12:00:30Z/,
    )
  })

  test('a stall → the jobs are still read, and their progress ends it', async (t) => {
    const job = { id: 1, endedTasks: 1, activeTasks: 1, streaming: null }
    const stalled: Observation = { ui: alive, jobs: { jobs: [job] } }
    const harness = createMonitorHarness(t, { ...failPod, stallDeadlineMs: 30_000 })
    await harness.during(stalled, 40_000)
    assert.equal(harness.files(), 'hung')
    assert.match(harness.environment.message, /^stall: jobs are active/)
    await harness.during(alive, 35_000)
    assert.ok(harness.environment.requests.at(-1)?.wanted.some(({ witness }) => witness === 'jobs'))
    await harness.step({ ui: alive, jobs: { jobs: [{ ...job, endedTasks: 2 }] } })
    assert.equal(harness.files(), 'ready')
  })

  test('any samples → at most one of the files, and hung only with its verdict', async (t) => {
    const samples = fc.constantFrom<Sample>(alive, refused, other, timeout, { kind: 'inconclusive', detail: 'late' })
    const policies = fc.constantFrom<Partial<DriverPolicy>>({}, failPod, oneContainer, {
      onHung: { kind: 'observe', budget: null },
    })
    await fc.assert(
      fc.asyncProperty(
        policies,
        fc.array(fc.tuple(samples, fc.integer({ min: 1, max: 8 })), { maxLength: 12 }),
        async (policy, runs) => {
          const harness = createMonitorHarness(t, { ...policy, startupDeadlineMs: 60_000, stopDeadlineMs: 60_000 })
          for (const sample of runs.flatMap(([each, times]) => Array<Sample>(times).fill(each))) {
            if (harness.environment.exits.length > 0) return
            await harness.step(sample)
            const found = harness.files()
            assert.ok(['', 'starting', 'hung', 'ready'].includes(found), found)
            if (found === 'hung') assert.equal(harness.snapshot().verdict.kind, 'hung')
            if (harness.environment.exits.length > 0) assert.equal(found, '')
          }
        },
      ),
      { numRuns: 60 },
    )
  })
})

describe('createMonitor: restarts', () => {
  test('a closed UI → the pod fails, and the driver is not restarted', async (t) => {
    const deadlines = { stopDeadlineMs: 30_000, startupDeadlineMs: 30_000, actOn: 'likely' } as const
    const ending = createMonitorHarness(t, deadlines)
    await ending.step(alive)
    await ending.during(refused, 60_000)
    assert.deepEqual(ending.environment.exits, [])
    assert.equal(ending.files(), 'hung')
    assert.match(ending.environment.message, /^stop-deadline: .*; the pod fails$/)
    const starting = createMonitorHarness(t, deadlines)
    await starting.during(refused, 60_000)
    assert.deepEqual(starting.environment.exits, [88])
  })

  test('the UI stays closed after the longest backoff of the kubelet → reported, and nothing runs again', async (t) => {
    const harness = createMonitorHarness(t, {
      stopDeadlineMs: 30_000,
      startupDeadlineMs: 60_000,
      actOn: 'likely',
      onHung: { kind: 'restart-driver-container', budget: { maxRestarts: 3, windowMs: 3_600_000, backoffMs: 10_000 } },
    })
    await harness.step(alive)
    await harness.during(refused, 300_000 + 60_000)
    assert.equal(harness.files(), 'ready')
    await harness.during(refused, 600_000)
    assert.equal(harness.files(), 'ready')
    assert.equal(harness.countLines('left as it is'), 1)
  })

  test('a requested restart that did not happen → the driver is found hung again', async (t) => {
    const policy = { startupProbeTells: true, startupDeadlineMs: 60_000 }
    const first = createMonitorHarness(t, policy)
    first.write('processes', recordOf(''))
    await first.step(alive)
    await first.during(timeout, 60_000)
    assert.deepEqual(first.environment.exits, [88])
    const second = createMonitorHarness(t, policy, first.dir, first.environment.nowMs)
    await second.during(refused, 600_000)
    assert.deepEqual(second.environment.exits, [])
    await second.during(timeout, 120_000)
    assert.deepEqual(second.environment.exits, [88])
  })
})
