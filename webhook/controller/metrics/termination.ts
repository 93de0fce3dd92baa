import { restartAllContainersExitCode } from '../../../core/contract/pod-contract.ts'
import { type ContainerEnd, type Driver, hasEnded } from '../driver/driver.ts'

/** Why a driver's container or pod ended. */
export type TerminationCause = 'completed' | 'error' | 'oom-killed' | 'hung' | 'evicted' | 'node-lost' | 'deleted'

export interface Termination {
  readonly cause: TerminationCause
  /** By the kubelet's clock where it told; else null. */
  readonly atMs: number | null
}

/**
 * The end that lies between two looks at the same pod; undefined: none, or one that was seen before. `verdict`: one
 * is known to have been acted on, by the sidecar or by us.
 */
export function findTermination(before: Driver, now: Driver, verdict: boolean): Termination | undefined {
  if (hasEnded(before)) return undefined
  const hung = verdict && hasRun(before)
  if (now.driver.restarts > before.driver.restarts) {
    const end = now.driver.last
    return { cause: hung ? 'hung' : causeOf(end), atMs: end?.finishedMs ?? null }
  }
  return hasEnded(now) ? podEnding(now, hung) : undefined
}

/** Whether the sidecar has ended so that all containers are restarted. */
export function requestsRestart({ sidecar }: Driver): boolean {
  return [sidecar?.state, sidecar?.last].some(
    (state) =>
      state !== null && state !== undefined && 'exitCode' in state && state.exitCode === restartAllContainersExitCode,
  )
}

/** The end of a pod that is gone; undefined when it had ended before. */
export function classifyDeletedPod(before: Driver, verdict: boolean): Termination | undefined {
  return hasEnded(before) ? undefined : { cause: verdict && hasRun(before) ? 'hung' : 'deleted', atMs: null }
}

/** One that never did was stuck at most. */
const hasRun = ({ driver }: Driver) => driver.state.kind !== 'waiting' || driver.last !== null

function podEnding(now: Driver, hung: boolean): Termination {
  const { state } = now.driver
  const end = state.kind === 'ended' ? state : null
  const atMs = end?.finishedMs ?? null
  if (now.phase === 'Succeeded') return { cause: 'completed', atMs }
  const { reason } = now
  if (reason === 'NodeLost' || reason === 'DeletionByTaintManager' || reason === 'DeletionByPodGC') {
    return { cause: 'node-lost', atMs }
  }
  if (reason !== null && evictions.includes(reason)) return { cause: 'evicted', atMs }
  if (hung || isHungBy(now)) return { cause: 'hung', atMs }
  return { cause: now.deletionMs !== null ? 'deleted' : causeOf(end), atMs }
}

const evictions = ['Evicted', 'EvictionByEvictionAPI', 'PreemptionByScheduler', 'TerminationByKubelet', 'Preempting']

/** The sidecar leaves its verdict as its last word. */
function isHungBy({ sidecar }: Driver): boolean {
  return sidecar?.state.kind === 'ended' && /hung since/.test(sidecar.state.message)
}

function causeOf(end: ContainerEnd | null): TerminationCause {
  if (end?.reason === 'OOMKilled') return 'oom-killed'
  return end?.exitCode === 0 ? 'completed' : 'error'
}
