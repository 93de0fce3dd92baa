import type { Audit, AuditedPod } from '../invariants/audit.ts'
import type { PodRecord } from '../invariants/records.ts'
import type { FastClock } from '../runner/fast-clock.ts'
import { podStatus, type StatusPlan } from './driver-pod.ts'
import { type PacedWriter, SimulationEnded } from './paced-writer.ts'
import type { ScriptedUis, ScriptedVerdict, UiMode } from './scripted-ui.ts'

/** One driver pod, as seen by its scenario's script. */
export interface SimulatedPod {
  readonly record: PodRecord
  readonly podIp: string
  /** Writes the status as a kubelet would. False if the pod is gone. */
  status(plan: Omit<StatusPlan, 'podIp' | 'nowMs'>, urgent?: boolean): Promise<boolean>
  setUi(mode: UiMode): void
  /** Sets the sidecar's verdict from now on. */
  setVerdict(verdict: ScriptedVerdict | null): void
  now(): AuditedPod | undefined
  /** These reject when the simulation ends. */
  until(holds: (pod: AuditedPod | undefined) => boolean): Promise<void>
  gone(): Promise<void>
  delete(): Promise<void>
}

export interface SimulatedPodDeps extends Pick<PacedWriter, 'write'> {
  readonly audit: Audit
  readonly uis: ScriptedUis
  readonly clock: FastClock
  readonly ending: AbortSignal
}

export function createSimulatedPod(record: PodRecord, podIp: string, deps: SimulatedPodDeps): SimulatedPod {
  const { audit, uis, clock, write, ending } = deps
  const path = `/api/v1/namespaces/${record.namespace}/pods/${record.name}`
  const now = () => {
    const pod = audit.pod(record.namespace, record.name)
    return pod?.metadata.uid === record.uid ? pod : undefined
  }
  const until = async (holds: (pod: AuditedPod | undefined) => boolean): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const listener = () => {
      if (ending.aborted || holds(now())) resolve()
    }
    const stop = audit.listenTo(record, listener)
    ending.addEventListener('abort', listener, { once: true })
    listener()
    await promise
    stop()
    ending.removeEventListener('abort', listener)
    if (ending.aborted) throw new SimulationEnded()
  }
  return {
    record,
    podIp,
    now,
    until,
    // The audit may not have seen it yet.
    gone: () => until(() => audit.changes(record.uid).at(-1)?.type === 'DELETED'),
    setUi: (mode) => uis.set(podIp, mode),
    setVerdict: (verdict) => uis.setVerdict(podIp, verdict),
    status: async (plan, urgent) => {
      const status = podStatus({ ...plan, podIp, nowMs: clock.nowMs() })
      const body = { metadata: { uid: record.uid }, status }
      const contentType = 'application/merge-patch+json'
      try {
        return (await write({ method: 'PATCH', path: `${path}/status`, contentType, body }, urgent)) !== undefined
      } catch (error) {
        // Another pod has the name by now.
        if (error instanceof Error && /HTTP 409/.test(error.message)) return false
        throw error
      }
    },
    delete: async () => {
      record.deletedByTest = true
      const body = { preconditions: { uid: record.uid } }
      await write({ method: 'DELETE', path, body })
    },
  }
}
