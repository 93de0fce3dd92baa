import type { Expected } from '../invariants/records.ts'
import { ended, running, runningStatus } from './driver-pod.ts'
import type { ScenarioKind } from './protected-drivers.ts'
import type { Scenario } from './scenario.ts'
import type { SimulatedPod } from './simulated-pod.ts'

export const always = { type: 'Always' }
/** Short, so that a new leader that never saw the UI respond reports within minutes too. */
const shortDeadlines = { 'spark-nanny.io/startup-deadline': '1m', 'spark-nanny.io/stop-deadline': '60s' }

export type Owner = { readonly name: string; readonly uid: string }

/** A driver whose sidecar exited with 88, and whose kubelet does not react. */
async function startAbandonedDriver(
  scenario: Scenario,
  namespace: string,
  expected: Expected,
  owner?: Owner,
): Promise<SimulatedPod> {
  const nowMs = scenario.clock.nowMs()
  const [startedMs, exitMs] = [nowMs - scenario.between(150_000, 300_000), nowMs - scenario.between(60_000, 110_000)]
  const graceful = scenario.random() < 0.6
  const plan = { namespace, expected, sidecar: true, graceful, createdMs: startedMs, ...(owner && { owner }) }
  const pod = await scenario.create(plan)
  const sidecar = ended(88, startedMs, exitMs, 'hung since then')
  await pod.status({ phase: 'Running', ready: false, driver: running(startedMs), sidecar, scheduledMs: startedMs })
  return pod
}

/** A driver without a sidecar whose UI responded and then stopped. */
async function startSilentDriver(
  scenario: Scenario,
  expected: Expected,
  more: { owner?: Owner; annotations?: Readonly<Record<string, string>> } = {},
): Promise<SimulatedPod> {
  const startedMs = scenario.clock.nowMs() - scenario.between(0, 60_000)
  const annotations = { ...shortDeadlines, ...more.annotations }
  const graceful = scenario.random() < 0.6
  const owner = more.owner === undefined ? {} : { owner: more.owner }
  const pod = await scenario.create({
    namespace: scenario.labelled,
    expected,
    sidecar: false,
    graceful,
    createdMs: startedMs,
    ...owner,
    annotations,
  })
  pod.setUi('alive')
  await pod.status(runningStatus(startedMs, null))
  await scenario.sleep(scenario.between(70_000, 110_000))
  pod.setUi('timeout')
  return pod
}

/** The next, healthy driver of the application. */
export async function startHealthySuccessor(scenario: Scenario, namespace: string, owner: Owner): Promise<void> {
  const pod = await scenario.create({ namespace, expected: 'untouched', sidecar: true, graceful: false, owner })
  const startedMs = scenario.clock.nowMs()
  await pod.status(runningStatus(startedMs))
}

/** Each of these must be deleted or reported. */
export const hungDrivers = {
  'abandoned-and-submitted-again': {
    weight: 4,
    run: async (scenario) => {
      const namespace = scenario.random() < 0.7 ? scenario.labelled : scenario.unlabelled
      const onFailure = scenario.random() < 0.5
      const policy = onFailure ? { type: 'OnFailure', onFailureRetries: 2 } : always
      const owner = { name: scenario.name, uid: await scenario.application(namespace, policy) }
      if (onFailure) await scenario.attempts(namespace, 1)
      await (await startAbandonedDriver(scenario, namespace, 'deleted', owner)).gone()
      await scenario.attempts(namespace, 2)
      await startHealthySuccessor(scenario, namespace, owner)
    },
  },
  'abandoned-time-and-again': {
    weight: 1.5,
    run: async (scenario) => {
      const owner = { name: scenario.name, uid: await scenario.application(scenario.labelled, always) }
      for (;;) await (await startAbandonedDriver(scenario, scenario.labelled, 'deleted-or-reported', owner)).gone()
    },
  },
  'abandoned-for-good': {
    weight: 1.5,
    run: async (scenario) => {
      const kind = scenario.random()
      if (kind < 0.5) {
        await startAbandonedDriver(scenario, scenario.labelled, 'reported')
        return
      }
      const owner = {
        name: scenario.name,
        uid: await scenario.application(scenario.labelled, {
          type: kind < 0.75 ? 'Never' : 'OnFailure',
          onFailureRetries: 0,
        }),
      }
      await scenario.attempts(scenario.labelled, 1)
      await startAbandonedDriver(scenario, scenario.labelled, 'reported', owner)
    },
  },
  'silent-and-submitted-again': {
    weight: 5,
    run: async (scenario) => {
      const owner = { name: scenario.name, uid: await scenario.application(scenario.labelled, always) }
      await (await startSilentDriver(scenario, 'deleted-or-reported', { owner })).gone()
      await startHealthySuccessor(scenario, scenario.labelled, owner)
    },
  },
  'silent-for-good': { weight: 1.5, run: async (scenario) => void (await startSilentDriver(scenario, 'reported')) },
  'silent-and-paused': {
    weight: 1,
    run: async (scenario) => {
      const owner = { name: scenario.name, uid: await scenario.application(scenario.labelled, always) }
      const annotations = { 'spark-nanny.io/paused-until': '2099-01-01T00:00:00Z the network is being rebuilt' }
      await startSilentDriver(scenario, 'reported', { owner, annotations })
    },
  },
  'silent-and-observed': {
    weight: 1,
    run: async (scenario) => {
      const owner = { name: scenario.name, uid: await scenario.application(scenario.labelled, always) }
      await startSilentDriver(scenario, 'reported', { owner, annotations: { 'spark-nanny.io/restart': 'observe' } })
    },
  },
  'closed-and-does-not-end': {
    weight: 1.5,
    run: async (scenario) => {
      const owner = { name: scenario.name, uid: await scenario.application(scenario.labelled, always) }
      const startedMs = scenario.clock.nowMs() - 60_000
      const pod = await scenario.create({
        namespace: scenario.labelled,
        expected: 'reported',
        sidecar: false,
        graceful: false,
        createdMs: startedMs,
        owner,
        annotations: shortDeadlines,
      })
      pod.setUi('alive')
      await pod.status(runningStatus(startedMs, null))
      await scenario.sleep(60_000)
      pod.setUi('refused')
    },
  },
} as const satisfies Record<string, ScenarioKind>
