import type { Expected } from '../invariants/records.ts'
import { runningStatus } from './driver-pod.ts'
import { endDriver, type ScenarioKind } from './protected-drivers.ts'
import type { Scenario } from './scenario.ts'
import type { SimulatedPod } from './simulated-pod.ts'

/** A driver without a sidecar whose UI follows the script, and that ends by itself. */
async function runUnprotectedDriver(
  scenario: Scenario,
  expected: Expected,
  script: (pod: SimulatedPod) => Promise<void>,
  more: Partial<Parameters<Scenario['create']>[0]> = {},
) {
  const createdMs = scenario.clock.nowMs() - scenario.between(0, 60_000)
  const pod = await scenario.create({
    namespace: scenario.labelled,
    expected,
    sidecar: false,
    graceful: false,
    createdMs,
    ...more,
  })
  pod.setUi('refused')
  await pod.status(runningStatus(createdMs, null))
  await script(pod)
  await endDriver(scenario, pod, createdMs, 0, false)
}

/** A driver that spark-nanny must ignore although its UI stops responding. */
const runIgnoredHungDriver = (scenario: Scenario, more: Partial<Parameters<Scenario['create']>[0]>) =>
  runUnprotectedDriver(
    scenario,
    'ignored',
    async (pod) => {
      pod.setUi('alive')
      await scenario.sleep(30_000)
      pod.setUi('timeout')
      await scenario.sleep(scenario.between(100_000, 200_000))
    },
    more,
  )

/** Unprotected drivers on which the controller must not act either. */
export const unprotectedDrivers = {
  'ui-answers': {
    weight: 6,
    run: (scenario) =>
      runUnprotectedDriver(scenario, 'untouched', async (pod) => {
        pod.setUi('alive')
        await scenario.sleep(scenario.between(60_000, 200_000))
      }),
  },
  'ui-falters': {
    weight: 6,
    run: (scenario) =>
      runUnprotectedDriver(scenario, 'untouched', async (pod) => {
        pod.setUi('flaky')
        await scenario.sleep(scenario.between(100_000, 250_000))
      }),
  },
  'ui-closes-at-the-end': {
    weight: 5,
    run: (scenario) =>
      runUnprotectedDriver(scenario, 'untouched', async (pod) => {
        pod.setUi('alive')
        await scenario.sleep(scenario.between(60_000, 120_000))
        pod.setUi('refused')
        await scenario.sleep(scenario.between(20_000, 120_000))
      }),
  },
  'ui-comes-late': {
    weight: 3,
    run: (scenario) =>
      runUnprotectedDriver(scenario, 'untouched', async (pod) => {
        await scenario.sleep(scenario.between(60_000, 150_000))
        pod.setUi('not-started')
        await scenario.sleep(10_000)
        pod.setUi('alive')
        await scenario.sleep(60_000)
      }),
  },
  'ui-of-another': {
    weight: 3,
    run: (scenario) =>
      runUnprotectedDriver(scenario, 'untouched', async (pod) => {
        pod.setUi(scenario.random() < 0.5 ? 'other' : 'authentication')
        await scenario.sleep(scenario.between(60_000, 200_000))
      }),
  },
  'never-answered-and-resets': {
    weight: 2,
    run: (scenario) =>
      runUnprotectedDriver(scenario, 'untouched', async (pod) => {
        pod.setUi(scenario.random() < 0.5 ? 'reset' : '500')
        await scenario.sleep(scenario.between(100_000, 200_000))
      }),
  },
  'opted-out-and-hung': {
    weight: 3,
    run: (scenario) => runIgnoredHungDriver(scenario, { annotations: { 'spark-nanny.io/inject': 'false' } }),
  },
  'hung-elsewhere': {
    weight: 4,
    run: (scenario) => runIgnoredHungDriver(scenario, { namespace: scenario.unlabelled }),
  },
} as const satisfies Record<string, ScenarioKind>
