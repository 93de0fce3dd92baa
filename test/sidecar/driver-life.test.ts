import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { DriverPolicy, HungPolicy, RestartBudget } from '../../core/settings/driver-policy.ts'
import { healthy, type Kill, type Life, type Outcome, runPod, type Scenario, usual } from './fake-pod.ts'
import { alive, createMonitorHarness, refused, timeout } from './monitor-harness.ts'

const budget: RestartBudget = { maxRestarts: null, windowMs: null, backoffMs: 0 }
const restartDriver: HungPolicy = { kind: 'restart-driver-container', budget }
const restartAll: HungPolicy = { kind: 'restart-all-containers', budget }
const byExitCode: HungPolicy = { kind: 'restart-by-exit-code', budget }
const failPod: HungPolicy = { kind: 'fail-pod', budget: null }

const hangs = (uiAfterMs: number): Life => ({ ...healthy, uiAfterMs, hangsAfterMs: uiAfterMs + 60_000 })
const closes: Life = { ...healthy, closesAfterMs: 120_000 }
const mute: Life = { ...healthy, uiAfterMs: 0, hangsAfterMs: 0 }
const killed = (life: number, exitCode: Kill['exitCode'], runsAgain: boolean): Kill => ({
  life,
  isHealthy: false,
  isClosed: false,
  runsAgain,
  exitCode,
})

/** How a pod restarts its driver: the kind of pod, and the policy that the webhook gives it. */
interface Mode {
  readonly onHung: HungPolicy
  readonly restarts: Scenario['restarts']
  readonly exitCode: Kill['exitCode']
}

const modes: Readonly<Record<string, Mode>> = {
  'in place before 1.35': { onHung: restartDriver, restarts: 'failures', exitCode: 142 },
  'restartPolicy Always before 1.36': { onHung: restartDriver, restarts: 'all', exitCode: 142 },
  'by exit code on 1.35': { onHung: byExitCode, restarts: 'code 142', exitCode: 142 },
  'all containers on 1.36': { onHung: restartAll, restarts: 'none', exitCode: 88 },
  'all containers on 1.36, OnFailure': { onHung: restartAll, restarts: 'failures', exitCode: 88 },
  'all containers on 1.36, Always': { onHung: restartAll, restarts: 'all', exitCode: 88 },
}

describe('the life of a driver in a pod that restarts it', () => {
  for (const [mode, { onHung, restarts, exitCode }] of Object.entries(modes)) {
    for (const timeoutMs of [10_000, 60_000, 300_000]) {
      test(`${mode}: one driver hangs, timeout ${timeoutMs / 1000} s → only that driver is killed, and counts`, async (t) => {
        const outcome = await runPod(t, {
          ...usual,
          lives: [hangs(20_000), { ...healthy, uiAfterMs: 300_000 }],
          policy: { timeoutMs, onHung },
          restarts,
          graceMs: 21_000,
        })
        assert.deepEqual(outcome.kills, [killed(0, exitCode, true)])
        assert.deepEqual([outcome.starts, outcome.counted], [2, 1])
        assert.deepEqual([outcome.exits, outcome.survivals], [exitCode === 88 ? 1 : 0, 0])
      })
    }

    for (const reason of ['stop-deadline', 'max-run-time'] as const) {
      test(`${mode}: ${reason} → nothing is run again`, async (t) => {
        const outcome = await runPod(t, {
          ...usual,
          lives: [reason === 'stop-deadline' ? closes : healthy],
          policy: {
            stopDeadlineMs: 60_000,
            ...(reason === 'max-run-time' && { maxRunTimeMs: 600_000 }),
            onHung,
            actOn: 'likely',
          },
          restarts,
        })
        assert.deepEqual([outcome.starts, outcome.counted, outcome.exits], [1, 0, 0])
        // Where the kubelet does not restart what fails, the pod fails, with a code at which no rule restarts the driver.
        const code = { none: 142, 'code 142': 137, failures: null, all: null }[restarts]
        assert.equal(outcome.podEnded, code)
      })
    }

    test(`${mode}: a driver is mute from its start → only that driver is killed`, async (t) => {
      const outcome = await runPod(t, {
        ...usual,
        lives: [mute, { ...healthy, uiAfterMs: 110_000 }],
        policy: { startupDeadlineMs: 120_000, onHung },
        restarts,
        graceMs: 30_000,
      })
      assert.deepEqual(outcome.kills, [killed(0, exitCode, true)])
      assert.equal(outcome.counted, 1)
    })

    for (const firstStartMs of [550_000, 640_000, 3_600_000]) {
      test(`${mode}: the first driver starts ${firstStartMs / 1000} s after the sidecar → its own deadline`, async (t) => {
        const scenario: Scenario = {
          ...usual,
          lives: [healthy],
          policy: { onHung, actOn: 'likely' },
          restarts,
          startupProbe: false,
          firstStartMs,
          durationMs: firstStartMs + 1_800_000,
        }
        const { kills, exits, counted } = await runPod(t, scenario)
        assert.deepEqual([kills, exits, counted], [[], 0, 0])
      })
    }

    test(`${mode}: the budget is spent → reported if the kubelet restarts what fails, else the pod fails`, async (t) => {
      const outcome = await runPod(t, {
        ...usual,
        lives: [hangs(20_000)],
        policy: { onHung: { ...onHung, budget: { maxRestarts: 2, windowMs: null, backoffMs: 0 } } as HungPolicy },
        restarts,
        graceMs: 120_000,
        backoffMs: 300_000,
        durationMs: 7_200_000,
      })
      assert.equal(outcome.counted, 2)
      assert.equal(outcome.kills.filter(({ runsAgain }) => runsAgain).length, 2)
      assert.equal(outcome.podEnded, { none: 142, 'code 142': 137, failures: null, all: null }[restarts])
    })
  }

  test('no signal reaches the JVM, a long grace period and backoff → each restart counts once', async (t) => {
    const outcome = await runPod(t, {
      ...usual,
      lives: [hangs(20_000), hangs(20_000), healthy],
      policy: { onHung: restartDriver },
      signalled: false,
      graceMs: 600_000,
      backoffMs: 300_000,
      durationMs: 14_400_000,
      startupProbe: false,
    })
    assert.deepEqual(outcome.kills, [killed(0, 143, true), killed(1, 143, true)])
    assert.deepEqual([outcome.starts, outcome.counted], [3, 2])
  })

  test('all containers are to restart, and do not → the driver that still runs is found hung again', async (t) => {
    const outcome = await runPod(t, {
      ...usual,
      lives: [hangs(20_000)],
      policy: { onHung: { ...restartAll, budget: { maxRestarts: 3, windowMs: null, backoffMs: 10_000 } } },
      restarts: 'none',
      restartsAll: false,
      durationMs: 3_600_000,
    })
    assert.equal(outcome.exits, 3)
    assert.equal(outcome.podEnded, 142)
    assert.equal(outcome.starts, 1)
  })

  test('all containers are to restart, and do not, and the driver closes its UI → it is not run again', async (t) => {
    const { kills, exits, starts, survivals } = await runPod(t, {
      ...usual,
      lives: [{ ...healthy, pausesAfterMs: 60_000, pauseMs: 100_000, closesAfterMs: 160_000, worksOn: true }],
      policy: {
        onHung: restartAll,
        startupDeadlineMs: 60_000,
        stopDeadlineMs: 7_200_000,
        actOn: 'likely',
        busyDeadlineMs: 60_000,
      },
      restarts: 'none',
      restartsAll: false,
    })
    assert.deepEqual([exits, starts, survivals], [1, 1, 1])
    assert.deepEqual(kills, [])
  })

  test('a driver crashes by itself → the next one starts like a first one', async (t) => {
    const { kills, starts, counted } = await runPod(t, {
      ...usual,
      lives: [
        { ...healthy, crashesAfterMs: 600_000 },
        { ...healthy, uiAfterMs: 300_000 },
      ],
      policy: { onHung: restartDriver },
      backoffMs: 0,
    })
    assert.deepEqual([kills, starts, counted], [[], 2, 0])
  })

  test('the start of a driver is recorded after its UI has closed → nothing is killed or run again', async (t) => {
    const { kills, starts } = await runPod(t, {
      ...usual,
      lives: [
        { ...healthy, crashesAfterMs: 600_000 },
        { ...healthy, uiAfterMs: 10_000, closesAfterMs: 50_000 },
      ],
      policy: { onHung: restartDriver, actOn: 'likely' },
      startupProbe: false,
      livenessDelayMs: 60_000,
    })
    assert.deepEqual([kills, starts], [[], 2])
  })

  test('the sidecar restarts before the start of a driver is recorded, and its UI closes → it is not run again', async (t) => {
    const { kills, starts } = await runPod(t, {
      ...usual,
      lives: [
        { ...healthy, crashesAfterMs: 600_000 },
        { ...healthy, uiAfterMs: 10_000, closesAfterMs: 50_000 },
      ],
      policy: { onHung: restartDriver, actOn: 'likely' },
      startupProbe: false,
      livenessDelayMs: 120_000,
      sidecarRestartsMs: [670_000],
    })
    assert.deepEqual([kills, starts], [[], 2])
  })

  test('the sidecar restarts while its driver is being restarted → that restart counts once', async (t) => {
    for (const sidecarRestartsMs of [[125_000], [130_000], [130_000, 150_000, 170_000]]) {
      const outcome = await runPod(t, {
        ...usual,
        lives: [hangs(20_000), healthy],
        policy: { onHung: restartDriver, timeoutMs: 5_000 },
        signalled: false,
        graceMs: 30_000,
        backoffMs: 60_000,
        sidecarRestartsMs,
      })
      assert.deepEqual(outcome.kills, [killed(0, 143, true)])
      assert.deepEqual([outcome.starts, outcome.counted], [2, 1])
    }
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
    const policy = { kubeletRestarts: true, onHung: restartDriver, actOn: 'likely' } as const
    const first = createMonitorHarness(t, policy)
    await first.step(alive)
    await first.during(timeout, 30_000)
    const second = createMonitorHarness(t, policy, first.dir, first.environment.nowMs)
    await second.during(refused, 3_600_000)
    assert.equal(second.read('hung'), null)
    assert.equal(second.memory().attempt, 1)
  })

  const seconds = (min: number, max: number) => fc.integer({ min, max }).map((count) => count * 1_000)
  const lives = fc
    .record({
      uiAfterMs: seconds(1, 400),
      crashesAfterMs: fc.oneof(fc.constant(Number.POSITIVE_INFINITY), seconds(1, 2_000)),
      fate: fc.oneof(
        fc.constant({}),
        fc.record({ hangsAfterMs: seconds(401, 900), isBusy: fc.boolean() }),
        fc.record({ closesAfterMs: seconds(401, 900), worksOn: fc.boolean() }),
        // Without records, silence of two minutes is a hang.
        fc.record({ pausesAfterMs: seconds(401, 900), pauseMs: seconds(1, 90) }),
        fc.constant({ uiAfterMs: 0, hangsAfterMs: 0 }),
      ),
    })
    .map(({ fate, ...times }): Life => ({ ...healthy, ...times, ...fate }))
  const scenarioOf = (mode: fc.Arbitrary<Pick<Mode, 'onHung' | 'restarts'>>) =>
    fc
      .record({
        lives: fc.array(lives, { minLength: 1, maxLength: 4 }).map((drawn) => [...drawn, healthy]),
        mode,
        maxRestarts: fc.constantFrom(null, 0, 1, 3),
        policy: fc.record({
          timeoutMs: fc.constantFrom(5_000, 10_000, 30_000),
          intervalMs: fc.constantFrom(1_000, 5_000, 30_000),
          stopDeadlineMs: fc.constantFrom(60_000, 600_000),
          actOn: fc.constantFrom<DriverPolicy['actOn']>('certain', 'likely'),
        }),
        signalled: fc.boolean(),
        graceMs: seconds(0, 600),
        backoffMs: seconds(0, 300),
        startupProbe: fc.boolean(),
        firstStartMs: fc.oneof(fc.constant(0), seconds(0, 3_600)),
        livenessDelayMs: fc.oneof(fc.constant(0), seconds(1, 120)),
        sidecarRestartsMs: fc.array(seconds(1, 7_200), { maxLength: 3 }),
        partialRecords: fc.boolean(),
        restartsAll: fc.constant(true),
        durationMs: fc.constant(10_800_000),
      })
      .map(({ mode: { onHung, restarts }, maxRestarts, policy, ...rest }): Scenario & { readonly kind: string } => ({
        ...rest,
        kind: onHung.kind,
        restarts,
        policy: {
          ...policy,
          onHung: (onHung.budget === null
            ? onHung
            : { ...onHung, budget: { ...onHung.budget, maxRestarts } }) as HungPolicy,
        },
      }))

  const anyMode = fc.constantFrom<Pick<Mode, 'onHung' | 'restarts'>>(...Object.values(modes), {
    onHung: failPod,
    restarts: 'none',
  })

  function assertInvariants(scenario: Scenario, outcome: Outcome): void {
    const { kills, counted, endedMeanwhile } = outcome
    assert.deepEqual(
      kills.filter(({ isHealthy, isClosed, runsAgain }) => isHealthy || (isClosed && runsAgain)),
      [],
      'no healthy driver is killed, and none is run again after its UI has closed',
    )
    const caused = kills.filter(({ runsAgain }) => runsAgain).length
    assert.equal(counted, caused + endedMeanwhile, 'each restart counts once')
    const { onHung } = scenario.policy
    const max = onHung?.budget?.maxRestarts ?? null
    if (max !== null) assert.ok(counted <= max + endedMeanwhile, `${counted} restarts of ${max}`)
    const isReported =
      max !== null && counted >= max && (scenario.restarts === 'failures' || scenario.restarts === 'all')
    if (!isReported) assert.ok(outcome.hungForMs < 2_400_000, `hung for ${outcome.hungForMs} ms`)
  }

  test('any pod, and any order of starts, hangs, crashes and sidecar restarts → the promises hold', async (t) => {
    await fc.assert(
      fc.asyncProperty(scenarioOf(anyMode), async (scenario) => {
        assertInvariants(scenario, await runPod(t, scenario))
      }),
      { numRuns: Number(process.env.LIFE_RUNS ?? 10) },
    )
  })
})
