import { setTimeout as delay } from 'node:timers/promises'
import { recordOf } from '../../../core/json.ts'
import { type ApiRequest, answerDetail, type KubernetesApi } from '../../../webhook/kubernetes/api.ts'
import type { Audit, AuditedPod } from './audit.ts'
import { driverPod, kubeletFinalizer, type PodPlan, podStatus, runLabel, type StatusPlan } from './driver-pod.ts'
import { type FastClock, iso } from './fast-clock.ts'
import { between, type Random, seeded } from './random.ts'
import type { ScriptedUis, UiMode } from './scripted-ui.ts'

/** What must, and must not, become of one driver pod. */
export type Expected =
  /** It is well: not deleted, and nothing of it changed but annotations. */
  | 'left-alone'
  /** As that, and no Event either. */
  | 'ignored'
  | 'deleted'
  | 'deleted-or-told'
  /** Left alone, with an Event that says why. */
  | 'told'
  | 'rescued'
  | 'stuck'

export interface PodRecord {
  readonly uid: string
  readonly namespace: string
  readonly name: string
  readonly life: string
  readonly application: string | null
  readonly expected: Expected
  /** The test itself was too slow to play its part: why; nothing is concluded from this pod. */
  excuse: string | null
  /** Its owner deleted it, or the run is over. */
  deletedByUs: boolean
}

export interface ExecutorRecord {
  readonly uid: string
  readonly name: string
  /** Of a driver that ran before. */
  readonly old: boolean
  readonly driver: LivePod
}

export interface WorldOptions {
  readonly seed: number
  readonly run: string
  readonly api: KubernetesApi
  readonly clock: FastClock
  readonly audit: Audit
  readonly uis: ScriptedUis
  readonly guarded: string
  readonly bare: string
  readonly writesPerSecond: number
}

/** One driver pod, from its creation on, as its life's script sees it. */
export interface LivePod {
  readonly record: PodRecord
  readonly podIp: string
  /** Writes the status as a kubelet would; false: it is gone. */
  status(plan: Omit<StatusPlan, 'podIp' | 'nowMs'>, urgent?: boolean): Promise<boolean>
  ui(mode: UiMode): void
  now(): AuditedPod | undefined
  until(holds: (pod: AuditedPod | undefined) => boolean): Promise<void>
  gone(): Promise<void>
  delete(): Promise<void>
}

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

export interface World {
  readonly pods: readonly PodRecord[]
  readonly executors: readonly ExecutorRecord[]
  /** Lives that a script, not the controller, brought to an error. */
  readonly errors: readonly string[]
  start(lifeKind: string, index: number, script: (life: Life) => Promise<void>): void
  /** Requests that wrote. */
  writes(): number
  /** No life goes on; what is left of them is ours to remove. */
  end(): Promise<void>
}

class WorldEnded extends Error {}

export function startWorld(options: WorldOptions): World {
  const { seed, run, api, clock, audit, uis, guarded, bare } = options
  const pods: PodRecord[] = []
  const executors: ExecutorRecord[] = []
  const errors: string[] = []
  const ending = new AbortController()
  const lives: Promise<void>[] = []
  const listeners = new Map<string, Set<() => void>>()
  let addresses = 0
  let written = 0
  let nextSlotMs = 0

  const write = async (
    request: Omit<ApiRequest, 'deadlineMs'>,
    urgent = false,
  ): Promise<Record<string, unknown> | undefined> => {
    if (!urgent) {
      const slotMs = Math.max(performance.now(), nextSlotMs)
      nextSlotMs = slotMs + 1000 / options.writesPerSecond
      await delay(Math.max(0, slotMs - performance.now()))
    }
    if (ending.signal.aborted) throw new WorldEnded()
    written += 1
    const answer = await api.request({ ...request, deadlineMs: 30_000 })
    if (answer.kind === 'answer' && answer.status < 300) return recordOf(answer.body)
    if (answer.kind === 'answer' && answer.status === 404) return undefined
    throw new Error(`${request.method} ${request.path}: ${answerDetail(answer)}`)
  }
  const sleep = async (ms: number): Promise<void> => {
    await clock.sleep(ms, ending.signal)
    if (ending.signal.aborted) throw new WorldEnded()
  }

  // The kubelet: a pod that is deleted goes after a while.
  const kubelet = seeded(seed, 'kubelet')
  audit.listen(({ type, pod }) => {
    for (const listener of listeners.get(`${pod.metadata.namespace}/${pod.metadata.name}`) ?? []) listener()
    const { deletionTimestamp, finalizers, uid, namespace, name } = pod.metadata
    if (type === 'DELETED' || deletionTimestamp === undefined || !finalizers?.includes(kubeletFinalizer)) return
    if (pods.some((record) => record.uid === uid && record.expected === 'stuck') && !ending.signal.aborted) return
    lives.push(
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

  const livePod = (record: PodRecord, podIp: string): LivePod => {
    const path = `/api/v1/namespaces/${record.namespace}/pods/${record.name}`
    const now = () => {
      const pod = audit.pod(record.namespace, record.name)
      return pod?.metadata.uid === record.uid ? pod : undefined
    }
    const until = async (holds: (pod: AuditedPod | undefined) => boolean): Promise<void> => {
      const key = `${record.namespace}/${record.name}`
      const { promise, resolve } = Promise.withResolvers<void>()
      const listener = () => {
        if (ending.signal.aborted || holds(now())) resolve()
      }
      const set = listeners.get(key) ?? new Set()
      listeners.set(key, set.add(listener))
      ending.signal.addEventListener('abort', listener, { once: true })
      listener()
      await promise
      set.delete(listener)
      ending.signal.removeEventListener('abort', listener)
      if (ending.signal.aborted) throw new WorldEnded()
    }
    return {
      record,
      podIp,
      now,
      until,
      // It may not have been seen yet.
      gone: () => until(() => audit.changes(record.uid).at(-1)?.type === 'DELETED'),
      ui: (mode) => uis.set(podIp, mode),
      status: async (plan, urgent) => {
        const status = podStatus({ ...plan, podIp, nowMs: clock.nowMs() })
        const body = { metadata: { uid: record.uid }, status }
        const contentType = 'application/merge-patch+json'
        try {
          return (await write({ method: 'PATCH', path: `${path}/status`, contentType, body }, urgent)) !== undefined
        } catch (error) {
          // Another of its name by now.
          if (error instanceof Error && /HTTP 409/.test(error.message)) return false
          throw error
        }
      },
      delete: async () => {
        record.deletedByUs = true
        const body = { preconditions: { uid: record.uid } }
        await write({ method: 'DELETE', path, body })
      },
    }
  }

  const lifeOf = (kind: string, name: string): Life => {
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
      sleep,
      between: (low, high) => between(random, low, high),
      create: async ({ namespace, expected, createdMs = clock.nowMs(), ...plan }) => {
        // The same name again: the one before must be gone.
        const object = driverPod({ ...plan, name, run }, createdMs)
        const made = await write({ method: 'POST', path: `/api/v1/namespaces/${namespace}/pods`, body: object })
        const { uid } = recordOf(made?.metadata)
        if (typeof uid !== 'string') throw new Error(`no pod was made of ${name}`)
        addresses += 1
        const podIp = `127.${(addresses >> 16) & 255}.${(addresses >> 8) & 255}.${addresses & 255}`
        const application = plan.owner?.name ?? null
        const record = { uid, namespace, name, life: kind, application, expected, excuse: null, deletedByUs: false }
        pods.push(record)
        return livePod(record, podIp)
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

  return {
    pods,
    executors,
    errors,
    writes: () => written,
    start: (kind, index, script) => {
      const name = `${kind}-${index}`
      const life = async () => {
        try {
          await script(lifeOf(kind, name))
        } catch (error) {
          if (!(error instanceof WorldEnded)) errors.push(`${name}: ${error instanceof Error ? error.message : error}`)
        }
      }
      lives.push(life())
    },
    end: async () => {
      for (const record of pods) record.deletedByUs = true
      ending.abort()
      await Promise.all(lives)
    },
  }
}
