import { toRecord } from '../../../../core/json.ts'
import { between, type Random, seeded } from '../../../support/random.ts'
import type { ExecutorRecord, Expected, PodRecord } from '../invariants/records.ts'
import { type FastClock, iso } from '../runner/fast-clock.ts'
import { driverPod, type PodPlan, runLabel } from './driver-pod.ts'
import { SimulationEnded } from './paced-writer.ts'
import { createSimulatedPod, type SimulatedPod, type SimulatedPodDeps } from './simulated-pod.ts'

/** The operations of a scenario's script. */
export interface Scenario {
  readonly name: string
  readonly labelled: string
  readonly unlabelled: string
  readonly run: string
  readonly random: Random
  readonly clock: FastClock
  /** Rejects when the simulation ends. */
  sleep(ms: number): Promise<void>
  between(low: number, high: number): number
  create(plan: Omit<PodPlan, 'name' | 'run'> & PodExpectation): Promise<SimulatedPod>
  /** Creates a SparkApplication with the scenario's name. Returns its uid. */
  application(namespace: string, restartPolicy: object): Promise<string>
  /** Sets the number of submission attempts in its status. */
  attempts(namespace: string, attempts: number): Promise<void>
  executor(pod: SimulatedPod, object: object, old: boolean): Promise<void>
}

export interface PodExpectation {
  readonly namespace: string
  readonly expected: Expected
  readonly createdMs?: number
}

export interface ScenarioDeps extends SimulatedPodDeps {
  readonly seed: number
  readonly run: string
  readonly labelled: string
  readonly unlabelled: string
  readonly pods: PodRecord[]
  readonly executors: ExecutorRecord[]
  /** Returns a new IP address for each pod. */
  nextAddress(): string
}

export function createScenario(kind: string, name: string, deps: ScenarioDeps): Scenario {
  const { seed, run, labelled, unlabelled, clock, ending, write, pods, executors } = deps
  const random = seeded(seed, name)
  const formatApplicationPath = (namespace: string) =>
    `/apis/sparkoperator.k8s.io/v1beta2/namespaces/${namespace}/sparkapplications`
  let applicationName: string | null = null
  return {
    name,
    labelled,
    unlabelled,
    run,
    random,
    clock,
    sleep: async (ms) => {
      await clock.sleep(ms, ending)
      if (ending.aborted) throw new SimulationEnded()
    },
    between: (low, high) => between(random, low, high),
    create: async ({ namespace, expected, createdMs = clock.nowMs(), ...plan }) => {
      const object = driverPod({ ...plan, name, run }, createdMs)
      const made = await write({ method: 'POST', path: `/api/v1/namespaces/${namespace}/pods`, body: object })
      const { uid } = toRecord(made?.metadata)
      if (typeof uid !== 'string') throw new Error(`the API server created no pod for ${name}`)
      const podIp = deps.nextAddress()
      const application = plan.owner?.name ?? null
      const record = {
        uid,
        namespace,
        name,
        scenario: kind,
        application,
        expected,
        inconclusive: null,
        deletedByTest: false,
      }
      pods.push(record)
      return createSimulatedPod(record, podIp, deps)
    },
    application: async (namespace, restartPolicy) => {
      const made = await write({
        method: 'POST',
        path: formatApplicationPath(namespace),
        body: {
          apiVersion: 'sparkoperator.k8s.io/v1beta2',
          kind: 'SparkApplication',
          metadata: { name, labels: { [runLabel]: `${run}-application` } },
          spec: { restartPolicy },
        },
      })
      applicationName = name
      return String(toRecord(made?.metadata).uid)
    },
    attempts: async (namespace, executionAttempts) => {
      await write({
        method: 'PATCH',
        path: `${formatApplicationPath(namespace)}/${applicationName}/status`,
        contentType: 'application/merge-patch+json',
        body: { status: { executionAttempts, lastSubmissionAttemptTime: iso(clock.nowMs()) } },
      })
    },
    executor: async (pod, object, old) => {
      const path = `/api/v1/namespaces/${pod.record.namespace}/pods`
      const made = toRecord((await write({ method: 'POST', path, body: object }))?.metadata)
      executors.push({ uid: String(made.uid), name: String(made.name), old, driver: pod })
    },
  }
}
