import type { DriverPod } from '../../../evidence/driver-pod.ts'

/** How far the next driver has come. */
export type DriverProgress =
  /** The driver before is still there. */
  | { readonly kind: 'old-pod'; readonly detail: string }
  | { readonly kind: 'no-pod'; readonly detail: string }
  | { readonly kind: 'pending'; readonly detail: string }
  | { readonly kind: 'running'; readonly detail: string }
  | { readonly kind: 'answers'; readonly detail: string }
  /** It runs, and whether it answers could not be asked. */
  | { readonly kind: 'unasked'; readonly detail: string }
  | { readonly kind: 'completed'; readonly detail: string }
  | { readonly kind: 'failed'; readonly detail: string }

/** Whether the driver answers: by its sidecar, or by its Spark UI. */
export type UiState = 'yes' | 'not-yet' | 'unknown'

export function computeProgress(before: string | null, pod: DriverPod | undefined, answers: UiState): DriverProgress {
  if (pod === undefined) return { kind: 'no-pod', detail: 'there is no new driver pod' }
  if (pod.uid === before) {
    const detail = pod.deletingMs === null ? 'the driver before is still there' : 'the driver before is being deleted'
    return { kind: 'old-pod', detail }
  }
  const { state } = pod.driver
  const named = `${pod.name} (uid ${pod.uid})`
  if (state.kind === 'terminated' && state.exitCode === 0 && pod.phase !== 'Failed') {
    return { kind: 'completed', detail: `${named} has completed` }
  }
  if (pod.phase === 'Failed' || state.kind === 'terminated') {
    const end = state.kind === 'terminated' ? `exit code ${state.exitCode}` : (pod.reason ?? 'no exit code')
    return { kind: 'failed', detail: `${named} has failed: ${end}` }
  }
  if (state.kind !== 'running') {
    const waiting = state.kind === 'waiting' && state.reason !== null ? state.reason : unscheduled(pod)
    return { kind: 'pending', detail: `${named} waits: ${waiting}` }
  }
  if (answers === 'yes') return { kind: 'answers', detail: `${named} runs and answers` }
  if (answers === 'unknown') return { kind: 'unasked', detail: `${named} runs; whether it answers could not be asked` }
  return { kind: 'running', detail: `${named} runs, and does not answer yet` }
}

/** Whether waiting longer can bring nothing. */
export const isFinal = ({ kind }: DriverProgress): boolean =>
  kind === 'answers' || kind === 'unasked' || kind === 'completed' || kind === 'failed'

function unscheduled({ conditions }: DriverPod): string {
  const scheduled = conditions.find(({ type }) => type === 'PodScheduled')
  return scheduled?.status === 'False' ? (scheduled.message ?? 'unscheduled') : 'its container is not there yet'
}
