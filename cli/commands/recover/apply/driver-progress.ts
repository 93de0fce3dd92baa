import type { DriverPod } from '../../../evidence/driver-pod.ts'

/** How far the next driver has come. */
export type DriverProgress =
  /** The pod of the previous driver still exists. */
  | { readonly kind: 'old-pod'; readonly detail: string }
  | { readonly kind: 'no-pod'; readonly detail: string }
  | { readonly kind: 'pending'; readonly detail: string }
  | { readonly kind: 'running'; readonly detail: string }
  | { readonly kind: 'responding'; readonly detail: string }
  /** The driver runs, but nothing could show whether it responds. */
  | { readonly kind: 'response-unknown'; readonly detail: string }
  | { readonly kind: 'completed'; readonly detail: string }
  | { readonly kind: 'failed'; readonly detail: string }

/** Whether the driver responds, according to its sidecar or its Spark UI. */
export type UiState = 'yes' | 'not-yet' | 'unknown'

/** `uidBefore` is the uid of the previous driver's pod. */
export function computeProgress(uidBefore: string | null, pod: DriverPod | undefined, ui: UiState): DriverProgress {
  if (pod === undefined) return { kind: 'no-pod', detail: 'there is no new driver pod' }
  if (pod.uid === uidBefore) {
    const detail =
      pod.deletingMs === null ? 'the previous driver pod still exists' : 'the previous driver pod is being deleted'
    return { kind: 'old-pod', detail }
  }
  const { state } = pod.driver
  const name = `${pod.name} (uid ${pod.uid})`
  if (pod.phase === 'Failed' || state.kind === 'terminated') return computeEnd(pod, name)
  if (state.kind === 'running') return computeRun(name, ui)
  const reason = state.kind === 'waiting' && state.reason !== null ? state.reason : describeScheduling(pod)
  return { kind: 'pending', detail: `${name} is waiting: ${reason}` }
}

function computeEnd({ phase, reason, driver: { state } }: DriverPod, name: string): DriverProgress {
  const exitCode = state.kind === 'terminated' ? state.exitCode : null
  if (exitCode === 0 && phase !== 'Failed') return { kind: 'completed', detail: `${name} has completed` }
  const end = exitCode === null ? (reason ?? 'no exit code') : `exit code ${exitCode}`
  return { kind: 'failed', detail: `${name} has failed: ${end}` }
}

function computeRun(name: string, ui: UiState): DriverProgress {
  switch (ui) {
    case 'yes':
      return { kind: 'responding', detail: `${name} is running and responds` }
    case 'unknown':
      return { kind: 'response-unknown', detail: `${name} is running, but it could not be checked whether it responds` }
    case 'not-yet':
      return { kind: 'running', detail: `${name} is running but does not respond yet` }
  }
}

/** Whether the driver works again. */
export const hasRecovered = (progress: DriverProgress['kind']): boolean =>
  progress === 'responding' || progress === 'completed'

/** Whether waiting longer cannot change the progress. */
export const isFinal = ({ kind }: DriverProgress): boolean =>
  kind === 'responding' || kind === 'response-unknown' || kind === 'completed' || kind === 'failed'

function describeScheduling({ conditions }: DriverPod): string {
  const scheduled = conditions.find(({ type }) => type === 'PodScheduled')
  return scheduled?.status === 'False' ? (scheduled.message ?? 'unscheduled') : 'its container has not been created yet'
}
