import { recordOf } from '../../../../core/json.ts'
import type { ExecutorRecord, Expected, PodRecord } from '../invariants/records.ts'
import { type FastClock, iso } from '../runner/fast-clock.ts'
import { between, type Random, seeded } from '../runner/random.ts'
import { driverPod, type PodPlan, runLabel } from './driver-pod.ts'
import { type LivePod, type LivePodEdges, livePod } from './live-pod.ts'
import { WorldEnded } from './paced-writer.ts'

/** What the script of one life can do. */
export interface Life {
  readonly name: string
  readonly guarded: string
  readonly bare: string
  readonly run: string
  readonly random: Random
  readonly clock: FastClock
  /** Rejects when the world ends. */
  sleep(ms: number): Promise<void>
  between(low: number, high: number): number
  create(plan: Omit<PodPlan, 'name' | 'run'> & LifePlan): Promise<LivePod>
  /** Makes a SparkApplication of the life's name; its uid. */
  application(namespace: string, restartPolicy: object): Promise<string>
  /** Says that it was submitted so often. */
  attempts(namespace: string, attempts: number): Promise<void>
  executor(pod: LivePod, object: object, old: boolean): Promise<void>
}

export interface LifePlan {
  readonly namespace: string
  readonly expected: Expected
  readonly createdMs?: number
}

export interface LifeEdges extends LivePodEdges {
  readonly seed: number
  readonly run: string
  readonly guarded: string
  readonly bare: string
  readonly pods: PodRecord[]
  readonly executors: ExecutorRecord[]
  /** Each pod has its own. */
  nextAddress(): string
}

export function lifeOf(kind: string, name: string, edges: LifeEdges): Life {
  const { seed, run, guarded, bare, clock, ending, write, pods, executors } = edges
  const random = seeded(seed, name)
  const applicationPath = (namespace: string) =>
    `/apis/sparkoperator.k8s.io/v1beta2/namespaces/${namespace}/sparkapplications`
  let applicationName: string | null = null
  return {
    name,
    guarded,
    bare,
    run,
    random,
    clock,
    sleep: async (ms) => {
      await clock.sleep(ms, ending)
      if (ending.aborted) throw new WorldEnded()
    },
    between: (low, high) => between(random, low, high),
    create: async ({ namespace, expected, createdMs = clock.nowMs(), ...plan }) => {
      const object = driverPod({ ...plan, name, run }, createdMs)
      const made = await write({ method: 'POST', path: `/api/v1/namespaces/${namespace}/pods`, body: object })
      const { uid } = recordOf(made?.metadata)
      if (typeof uid !== 'string') throw new Error(`no pod was made of ${name}`)
      const podIp = edges.nextAddress()
      const application = plan.owner?.name ?? null
      const record = { uid, namespace, name, life: kind, application, expected, excuse: null, deletedByUs: false }
      pods.push(record)
      return livePod(record, podIp, edges)
    },
    application: async (namespace, restartPolicy) => {
      const made = await write({
        method: 'POST',
        path: applicationPath(namespace),
        body: {
          apiVersion: 'sparkoperator.k8s.io/v1beta2',
          kind: 'SparkApplication',
          metadata: { name, labels: { [runLabel]: `${run}-application` } },
          spec: { restartPolicy },
        },
      })
      applicationName = name
      return String(recordOf(made?.metadata).uid)
    },
    attempts: async (namespace, executionAttempts) => {
      await write({
        method: 'PATCH',
        path: `${applicationPath(namespace)}/${applicationName}/status`,
        contentType: 'application/merge-patch+json',
        body: { status: { executionAttempts, lastSubmissionAttemptTime: iso(clock.nowMs()) } },
      })
    },
    executor: async (pod, object, old) => {
      const path = `/api/v1/namespaces/${pod.record.namespace}/pods`
      const made = recordOf((await write({ method: 'POST', path, body: object }))?.metadata)
      executors.push({ uid: String(made.uid), name: String(made.name), old, driver: pod })
    },
  }
}
