import type { KubernetesApi } from '../../../../kubernetes/api.ts'
import { between, seeded } from '../../../support/random.ts'
import type { Audit } from '../invariants/audit.ts'
import type { ExecutorRecord, PodRecord } from '../invariants/records.ts'
import { kubeletFinalizer } from '../scenarios/driver-pod.ts'
import { createPacedWriter, SimulationEnded } from '../scenarios/paced-writer.ts'
import { createScenario, type Scenario } from '../scenarios/scenario.ts'
import type { ScriptedUis } from '../scenarios/scripted-ui.ts'
import type { FastClock } from './fast-clock.ts'

export interface SimulationOptions {
  readonly seed: number
  readonly run: string
  readonly api: KubernetesApi
  readonly clock: FastClock
  readonly audit: Audit
  readonly uis: ScriptedUis
  readonly labelled: string
  readonly unlabelled: string
  readonly writesPerSecond: number
}

export interface DriverSimulation {
  readonly pods: readonly PodRecord[]
  readonly executors: readonly ExecutorRecord[]
  /** Errors of scenario scripts, which are bugs of the test and not of the controller. */
  readonly errors: readonly string[]
  start(lifeKind: string, index: number, script: (scenario: Scenario) => Promise<void>): void
  /** Number of writes. */
  writes(): number
  /** Ends all scenarios. The caller deletes what they leave behind. */
  end(): Promise<void>
}

export function startSimulation(options: SimulationOptions): DriverSimulation {
  const { seed, api, clock, audit } = options
  const pods: PodRecord[] = []
  const executors: ExecutorRecord[] = []
  const errors: string[] = []
  const ending = new AbortController()
  const scenarios: Promise<void>[] = []
  const writer = createPacedWriter(api, options.writesPerSecond, ending.signal)
  let addresses = 0
  const nextAddress = () => {
    addresses += 1
    return `127.${(addresses >> 16) & 255}.${(addresses >> 8) & 255}.${addresses & 255}`
  }

  // The simulated kubelet removes a deleted pod after a while.
  const kubelet = seeded(seed, 'kubelet')
  audit.listen(({ type, pod }) => {
    const { deletionTimestamp, finalizers, uid, namespace, name } = pod.metadata
    if (type === 'DELETED' || deletionTimestamp === undefined || !finalizers?.includes(kubeletFinalizer)) return
    if (pods.some((record) => record.uid === uid && record.expected === 'stuck') && !ending.signal.aborted) return
    scenarios.push(
      (async () => {
        await clock.sleep(between(kubelet, 1_000, 20_000), ending.signal)
        await api.request({
          method: 'PATCH',
          path: `/api/v1/namespaces/${namespace}/pods/${name}`,
          contentType: 'application/merge-patch+json',
          body: { metadata: { uid, finalizers: null } },
          deadlineMs: 30_000,
        })
      })(),
    )
  })

  return {
    pods,
    executors,
    errors,
    writes: writer.written,
    start: (kind, index, script) => {
      const name = `${kind}-${index}`
      const scenario = async () => {
        try {
          await script(
            createScenario(kind, name, {
              ...options,
              pods,
              executors,
              write: writer.write,
              ending: ending.signal,
              nextAddress,
            }),
          )
        } catch (error) {
          if (!(error instanceof SimulationEnded))
            errors.push(`${name}: ${error instanceof Error ? error.message : error}`)
        }
      }
      scenarios.push(scenario())
    },
    end: async () => {
      for (const record of pods) record.deletedByTest = true
      ending.abort()
      await Promise.all(scenarios)
    },
  }
}
