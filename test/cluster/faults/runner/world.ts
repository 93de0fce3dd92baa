import type { KubernetesApi } from '../../../../kubernetes/api.ts'
import type { Audit } from '../invariants/audit.ts'
import type { ExecutorRecord, PodRecord } from '../invariants/records.ts'
import { kubeletFinalizer } from '../lives/driver-pod.ts'
import { type Life, lifeOf } from '../lives/life.ts'
import { pacedWriter, WorldEnded } from '../lives/paced-writer.ts'
import type { ScriptedUis } from '../lives/scripted-ui.ts'
import type { FastClock } from './fast-clock.ts'
import { between, seeded } from './random.ts'

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

export function startWorld(options: WorldOptions): World {
  const { seed, api, clock, audit } = options
  const pods: PodRecord[] = []
  const executors: ExecutorRecord[] = []
  const errors: string[] = []
  const ending = new AbortController()
  const lives: Promise<void>[] = []
  const writer = pacedWriter(api, options.writesPerSecond, ending.signal)
  let addresses = 0
  const nextAddress = () => {
    addresses += 1
    return `127.${(addresses >> 16) & 255}.${(addresses >> 8) & 255}.${addresses & 255}`
  }

  // The kubelet: a pod that is deleted goes after a while.
  const kubelet = seeded(seed, 'kubelet')
  audit.listen(({ type, pod }) => {
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

  return {
    pods,
    executors,
    errors,
    writes: writer.written,
    start: (kind, index, script) => {
      const name = `${kind}-${index}`
      const life = async () => {
        try {
          await script(
            lifeOf(kind, name, {
              ...options,
              pods,
              executors,
              write: writer.write,
              ending: ending.signal,
              nextAddress,
            }),
          )
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
