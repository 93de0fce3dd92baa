import type { Expected } from '../invariants/records.ts'
import { running } from './driver-pod.ts'
import { always, type Owner, startHealthySuccessor } from './hung-drivers.ts'
import type { ScenarioKind } from './protected-drivers.ts'
import type { Scenario } from './scenario.ts'
import type { ScriptedVerdict } from './scripted-ui.ts'
import type { SimulatedPod } from './simulated-pod.ts'

/** A driver whose sidecar reports a hang, and whose kubelet is unavailable. */
async function startDriverWithVerdict(
  scenario: Scenario,
  expected: Expected,
  owner: Owner,
  certainty: ScriptedVerdict['certainty'] = 'certain',
): Promise<SimulatedPod> {
  const startedMs = scenario.clock.nowMs() - scenario.between(150_000, 300_000)
  const graceful = scenario.random() < 0.6
  const pod = await scenario.create({
    namespace: scenario.labelled,
    expected,
    sidecar: true,
    graceful,
    createdMs: startedMs,
    owner,
  })
  pod.setVerdict({ sinceMs: scenario.clock.nowMs(), certainty })
  const [driver, sidecar] = [running(startedMs), running(startedMs)]
  await pod.status({ phase: 'Running', ready: false, driver, sidecar, scheduledMs: startedMs })
  return pod
}

/** The controller may act after this time. If the test is slower, the scenario is inconclusive. */
const lateMs = 115_000

/** Drivers that are no longer Ready, so that the controller requests the sidecar's verdict. */
export const reportedVerdicts = {
  'verdict-and-submitted-again': {
    weight: 3,
    run: async (scenario) => {
      const owner = { name: scenario.name, uid: await scenario.application(scenario.labelled, always) }
      await (await startDriverWithVerdict(scenario, 'deleted', owner)).gone()
      await startHealthySuccessor(scenario, scenario.labelled, owner)
    },
  },
  'verdict-taken-back': {
    weight: 3,
    run: async (scenario) => {
      const owner = { name: scenario.name, uid: await scenario.application(scenario.labelled, always) }
      const sinceMs = scenario.clock.nowMs()
      const pod = await startDriverWithVerdict(scenario, 'untouched', owner)
      await scenario.sleep(scenario.between(20_000, 90_000))
      pod.setVerdict(null)
      const tookMs = scenario.clock.nowMs() - sinceMs
      if (tookMs > lateMs) pod.record.inconclusive = `revoked only after ${Math.round(tookMs / 1000)} s`
    },
  },
  'likely-verdict': {
    weight: 3,
    run: async (scenario) => {
      const owner = { name: scenario.name, uid: await scenario.application(scenario.labelled, always) }
      await startDriverWithVerdict(scenario, 'untouched', owner, 'likely')
    },
  },
} as const satisfies Record<string, ScenarioKind>
