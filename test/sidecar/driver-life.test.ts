import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import fc from 'fast-check'
import type { DriverPolicy, HungPolicy } from '../../core/settings/driver-policy.ts'
import type { Sample } from '../../core/verdict/witnesses.ts'
import { recordOf } from '../support/process-record.ts'
import { alive, bootedBeforeMs, createMonitorHarness, refused, timeout } from './monitor-harness.ts'

const budget = { maxRestarts: null, windowMs: null, backoffMs: 0 }
const restartDriver: HungPolicy = { kind: 'restart-driver-container', budget }
const restartAll: HungPolicy = { kind: 'restart-all-containers', budget }

/** What one driver of the pod does, in milliseconds after the start of its container. */
interface Life {
  readonly uiAfterMs: number
  /** Infinity: it never hangs. */
  readonly hangsAfterMs: number
  /** When its UI closes although the process goes on. */
  readonly closesAfterMs: number
  /** When it fails by itself. */
  readonly crashesAfterMs: number
}

const healthy: Life = {
  uiAfterMs: 20_000,
  hangsAfterMs: Number.POSITIVE_INFINITY,
  closesAfterMs: Number.POSITIVE_INFINITY,
  crashesAfterMs: Number.POSITIVE_INFINITY,
}

interface Scenario {
  readonly lives: readonly Life[]
  readonly policy: Partial<DriverPolicy>
  /** How long a container takes to end after it is told to. */
  readonly graceMs: number
  readonly backoffMs: number
  readonly startupProbe: boolean
  readonly durationMs: number
  /** When the first driver container starts, after the sidecar. */
  readonly firstStartMs?: number
  /** When the liveness probe first runs, after the start: a startup probe of the user's may take long. */
  readonly livenessDelayMs?: number
}

/** What the kubelet killed: the number of the life, and whether it deserved that. */
interface Kill {
  readonly life: number
  readonly isHealthy: boolean
  /** Whether its UI had closed, so that it may have committed its output. */
  readonly isClosed: boolean
}

/** Runs a real monitor on real files beside a kubelet that restarts failed containers, in virtual time. */
async function run(
  t: TestContext,
  scenario: Scenario,
): Promise<{ readonly kills: readonly Kill[]; readonly starts: number; readonly restarts: number }> {
  const harness = createMonitorHarness(
    t,
    { kubeletRestarts: true, startupProbeTells: scenario.startupProbe, ...scenario.policy },
    undefined,
    1_000,
    false,
  )
  const kubelet = createKubelet(harness, scenario)
  harness.environment.onPolled = () => kubelet.advance(harness.environment.nowMs)
  const endMs = harness.environment.nowMs + scenario.durationMs
  while (harness.environment.nowMs < endMs) {
    kubelet.advance(harness.environment.nowMs)
    await harness.step(kubelet.sample(harness.environment.nowMs, scenario.policy.timeoutMs ?? 10_000))
  }
  return { kills: kubelet.kills, starts: kubelet.starts(), restarts: harness.memory().restarts.length }
}

type Harness = ReturnType<typeof createMonitorHarness>

/** The kubelet with the probes of admission/probes.ts: periods 1 s and 10 s, three failures of liveness. */
function createKubelet(harness: Harness, scenario: Scenario) {
  const { lives, graceMs, backoffMs, startupProbe, firstStartMs = 0, livenessDelayMs = 0 } = scenario
  const kills: Kill[] = []
  let index = 0
  let startMs = harness.environment.nowMs + firstStartMs
  let startupPassed = !startupProbe
  let failures = 0
  let endsAtMs = Number.POSITIVE_INFINITY
  let atMs = harness.environment.nowMs

  const life = () => lives[Math.min(index, lives.length - 1)] ?? healthy
  const ticks = () => String((bootedBeforeMs + startMs) / 10)
  const ageMs = () => atMs - startMs
  const isRunning = () => atMs >= startMs && atMs < endsAtMs
  const isHealthy = () => ageMs() < life().hangsAfterMs

  const probeLiveness = () => {
    harness.write('processes', recordOf(ticks()))
    const [about] = harness.read('hung')?.split('\n') ?? []
    failures = about === '*' || about === ticks() ? failures + 1 : 0
    if (failures < 3) return
    kills.push({ life: index, isHealthy: isHealthy(), isClosed: ageMs() >= life().closesAfterMs })
    endsAtMs = atMs + graceMs
  }
  const tick = () => {
    if (atMs >= endsAtMs) {
      index += 1
      startMs = endsAtMs + backoffMs
      endsAtMs = Number.POSITIVE_INFINITY
      startupPassed = !startupProbe
      failures = 0
    }
    if (!isRunning() || endsAtMs < Number.POSITIVE_INFINITY) return
    if (ageMs() >= life().crashesAfterMs) {
      endsAtMs = atMs
      return
    }
    if (!startupPassed) {
      harness.write('processes', recordOf(ticks()))
      startupPassed = harness.read('starting') === null
    } else if (ageMs() >= livenessDelayMs && Math.floor(ageMs() / 1_000) % 10 === 0) probeLiveness()
  }

  return {
    kills,
    starts: () => index + 1,
    advance(untilMs: number) {
      for (; atMs + 1_000 <= untilMs; atMs += 1_000) tick()
    },
    sample(nowMs: number, timeoutMs: number): Sample {
      const sinceStartMs = nowMs - startMs
      const { uiAfterMs, hangsAfterMs, closesAfterMs } = life()
      if (sinceStartMs < uiAfterMs || sinceStartMs >= closesAfterMs || nowMs >= endsAtMs) return refused
      if (sinceStartMs < hangsAfterMs) return alive
      return { kind: 'failing', cause: 'timeout', detail: 'no response', tookMs: timeoutMs }
    },
  }
}

const hangs = (uiAfterMs: number): Life => ({ ...healthy, uiAfterMs, hangsAfterMs: uiAfterMs + 60_000 })

describe('the life of a driver in a pod that the kubelet restarts', () => {
  for (const timeoutMs of [10_000, 60_000, 300_000]) {
    test(`one driver hangs, timeout ${timeoutMs / 1000} s → only that driver is killed`, async (t) => {
      const { kills } = await run(t, {
        lives: [hangs(20_000), healthy],
        policy: { timeoutMs, onHung: restartDriver },
        graceMs: 21_000,
        backoffMs: 10_000,
        startupProbe: true,
        durationMs: 7_200_000,
      })
      assert.deepEqual(kills, [{ life: 0, isHealthy: false, isClosed: false }])
    })
  }

  for (const onHung of [restartDriver, restartAll]) {
    test(`the UI closes and the driver goes on, ${onHung.kind} → nothing is killed or run again`, async (t) => {
      const { kills, starts } = await run(t, {
        lives: [{ ...healthy, closesAfterMs: 120_000 }],
        policy: { stopDeadlineMs: 60_000, onHung },
        graceMs: 0,
        backoffMs: 10_000,
        startupProbe: true,
        durationMs: 14_400_000,
      })
      assert.deepEqual(kills, [])
      assert.equal(starts, 1)
    })
  }

  test('a driver misses its startup deadline → the next one, which is slow, has its own deadline', async (t) => {
    const { kills } = await run(t, {
      lives: [
        { ...healthy, uiAfterMs: Number.POSITIVE_INFINITY, hangsAfterMs: 0 },
        { ...healthy, uiAfterMs: 110_000 },
      ],
      policy: { startupDeadlineMs: 120_000, onHung: restartDriver, actOn: 'likely' },
      graceMs: 30_000,
      backoffMs: 10_000,
      startupProbe: true,
      durationMs: 3_600_000,
    })
    assert.deepEqual(kills, [{ life: 0, isHealthy: false, isClosed: false }])
  })

  test('a driver crashes by itself → the next one starts like a first one', async (t) => {
    const { kills, starts } = await run(t, {
      lives: [
        { ...healthy, crashesAfterMs: 600_000 },
        { ...healthy, uiAfterMs: 300_000 },
      ],
      policy: { onHung: restartDriver },
      graceMs: 0,
      backoffMs: 0,
      startupProbe: true,
      durationMs: 3_600_000,
    })
    assert.deepEqual(kills, [])
    assert.equal(starts, 2)
  })

  for (const firstStartMs of [550_000, 600_000, 640_000, 3_600_000]) {
    test(`the first driver starts ${firstStartMs / 1000} s after the sidecar → its own startup deadline`, async (t) => {
      const { kills } = await run(t, {
        lives: [healthy],
        policy: { onHung: restartDriver },
        graceMs: 0,
        backoffMs: 10_000,
        startupProbe: false,
        durationMs: 7_200_000,
        firstStartMs,
      })
      assert.deepEqual(kills, [])
    })
  }

  test('the start of a driver is recorded after its UI has closed → nothing is killed or run again', async (t) => {
    const { kills, starts } = await run(t, {
      lives: [
        { ...healthy, crashesAfterMs: 600_000 },
        { ...healthy, uiAfterMs: 10_000, closesAfterMs: 50_000 },
      ],
      policy: { onHung: restartDriver },
      graceMs: 0,
      backoffMs: 10_000,
      startupProbe: false,
      livenessDelayMs: 60_000,
      durationMs: 3_600_000,
    })
    assert.deepEqual(kills, [])
    assert.equal(starts, 2)
  })

  test('a driver answers again after the verdict and closes its UI → nothing is killed or run again', async (t) => {
    const harness = createMonitorHarness(t, { kubeletRestarts: true, onHung: restartDriver, actOn: 'likely' })
    await harness.step(alive)
    await harness.during(timeout, 30_000)
    assert.match(harness.read('hung') ?? '', /^100\n/)
    await harness.during(refused, 3_600_000)
    assert.equal(harness.read('hung'), null)
    assert.equal(harness.memory().attempt, 1)
    assert.equal(harness.countLines('left as it is'), 1)
  })

  test('the sidecar restarts after the verdict, and the UI closes → nothing is killed or run again', async (t) => {
    const policy = { kubeletRestarts: true, onHung: restartDriver }
    const first = createMonitorHarness(t, policy)
    await first.step(alive)
    await first.during(timeout, 30_000)
    const second = createMonitorHarness(t, policy, first.dir, first.environment.nowMs)
    await second.during(refused, 3_600_000)
    assert.equal(second.read('hung'), null)
    assert.equal(second.memory().attempt, 1)
  })

  test('no restart is left, and the kubelet restarts what fails → reported, not killed', async (t) => {
    const none = { maxRestarts: 0, windowMs: null, backoffMs: 0 }
    const { kills, starts } = await run(t, {
      lives: [hangs(20_000)],
      policy: { onHung: { kind: 'restart-all-containers', budget: none } },
      graceMs: 0,
      backoffMs: 10_000,
      startupProbe: true,
      durationMs: 3_600_000,
    })
    assert.deepEqual(kills, [])
    assert.equal(starts, 1)
  })

  test('a long backoff without a startup probe of ours → each restart counts once', async (t) => {
    const { kills, starts, restarts } = await run(t, {
      lives: [hangs(20_000), healthy],
      policy: { startupDeadlineMs: 120_000, onHung: restartDriver },
      graceMs: 30_000,
      backoffMs: 300_000,
      startupProbe: false,
      durationMs: 7_200_000,
    })
    assert.equal(kills.length, 1)
    assert.deepEqual([starts, restarts], [2, 1])
  })

  test('any order of starts, hangs and crashes → no healthy driver is killed', async (t) => {
    const seconds = (min: number, max: number) => fc.integer({ min, max }).map((count) => count * 1_000)
    const life = fc.record({
      uiAfterMs: seconds(1, 400),
      hangsAfterMs: fc.oneof(fc.constant(Number.POSITIVE_INFINITY), seconds(401, 900)),
      closesAfterMs: fc.oneof(fc.constant(Number.POSITIVE_INFINITY), seconds(401, 900)),
      crashesAfterMs: fc.oneof(fc.constant(Number.POSITIVE_INFINITY), seconds(1, 2_000)),
    })
    const scenario = fc.record({
      lives: fc.array(life, { minLength: 1, maxLength: 4 }).map((lives) => [...lives, healthy]),
      policy: fc.record({
        timeoutMs: fc.constantFrom(5_000, 10_000, 60_000, 300_000),
        intervalMs: fc.constantFrom(1_000, 5_000, 30_000),
        onHung: fc.constant(restartDriver),
      }),
      graceMs: seconds(0, 30),
      backoffMs: seconds(0, 300),
      startupProbe: fc.boolean(),
      firstStartMs: seconds(0, 900),
      livenessDelayMs: fc.oneof(fc.constant(0), seconds(1, 120)),
      durationMs: fc.constant(7_200_000),
    })
    await fc.assert(
      fc.asyncProperty(scenario, async (drawn) => {
        const { kills } = await run(t, drawn)
        assert.deepEqual(
          kills.filter(({ isHealthy, isClosed }) => isHealthy || isClosed),
          [],
        )
      }),
      { numRuns: 12 },
    )
  })
})
