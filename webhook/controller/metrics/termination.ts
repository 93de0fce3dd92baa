import { restartAllContainersExitCode } from '../../../core/contract/pod-contract.ts'
import type { DeletionCause } from '../assess/deletion-reason.ts'
import { isEndedByProbe, isHangMessage } from '../assess/hang-end.ts'
import { type ContainerEnd, type Driver, hasEnded } from '../driver/driver.ts'

/** Why a driver's container or pod ended. */
export type TerminationCause = 'completed' | 'error' | 'oom-killed' | 'hung' | 'evicted' | 'node-lost' | 'deleted'

export interface Termination {
  readonly cause: TerminationCause
  /** The time by the kubelet's clock. Null if the kubelet did not report it. */
  readonly atMs: number | null
}

/**
 * The termination between two observations of the same pod. Returns undefined if there is none, or if it was seen
 * before. `endedForHang` says that the sidecar or the controller is known to have ended the driver because it hung.
 */
export function findTermination(before: Driver, now: Driver, endedForHang: boolean): Termination | undefined {
  if (hasEnded(before)) return undefined
  const hung = endedForHang && hasRun(before)
  if (now.driver.restarts > before.driver.restarts) {
    const end = now.driver.last
    return { cause: hung || isEndedByProbe(end) ? 'hung' : findCause(end), atMs: end?.finishedMs ?? null }
  }
  return hasEnded(now) ? findPodTermination(now, hung) : undefined
}

/** Whether the sidecar has exited to request a restart of all containers. */
export function requestsRestart({ sidecar }: Driver): boolean {
  return [sidecar?.state, sidecar?.last].some(
    (state) =>
      state !== null && state !== undefined && 'exitCode' in state && state.exitCode === restartAllContainersExitCode,
  )
}

/**
 * The termination of a pod that was removed. Returns undefined if the pod had ended before. `requestedBecause` says why the
 * controller requested the deletion; null if it did not.
 */
export function classifyDeletedPod(before: Driver, requestedBecause: DeletionCause | null): Termination | undefined {
  if (hasEnded(before)) return undefined
  return { cause: requestedBecause === 'hung' && hasRun(before) ? 'hung' : 'deleted', atMs: null }
}

/** A driver that never ran may have been stuck, but not hung. */
const hasRun = ({ driver }: Driver) => driver.state.kind !== 'waiting' || driver.last !== null

function findPodTermination(now: Driver, hung: boolean): Termination {
  const { state } = now.driver
  const end = state.kind === 'ended' ? state : null
  const atMs = end?.finishedMs ?? null
  if (now.phase === 'Succeeded') return { cause: 'completed', atMs }
  const { reason } = now
  if (reason === 'NodeLost' || reason === 'DeletionByTaintManager' || reason === 'DeletionByPodGC') {
    return { cause: 'node-lost', atMs }
  }
  if (reason !== null && evictions.includes(reason)) return { cause: 'evicted', atMs }
  if (hung || isEndedByProbe(end) || isHungBy(now)) return { cause: 'hung', atMs }
  return { cause: now.deletionMs !== null ? 'deleted' : findCause(end), atMs }
}

const evictions = ['Evicted', 'EvictionByEvictionAPI', 'PreemptionByScheduler', 'TerminationByKubelet', 'Preempting']

/** The sidecar writes its verdict to its termination message. */
function isHungBy({ sidecar }: Driver): boolean {
  return sidecar?.state.kind === 'ended' && isHangMessage(sidecar.state.message)
}

function findCause(end: ContainerEnd | null): TerminationCause {
  if (end?.reason === 'OOMKilled') return 'oom-killed'
  return end?.exitCode === 0 ? 'completed' : 'error'
}
