import type { ObservedContainer, ObservedPod } from './pod-status.ts'

/**
 * What Apache's spark-kubernetes-operator does with the driver of an application: a transcription of its classes
 * ApplicationStateSummary, AppDriverStartObserver, AppDriverReadyObserver, AppDriverRunningObserver, AppDriverTimeoutObserver,
 * BaseAppDriverObserver, PodUtils, AppReconcileStep, AppRunningStep, AppCleanUpStep and RestartPolicy (1.1.0-SNAPSHOT, August
 * 2026). Pure: the caller creates and deletes the pods. Executors are not counted, because initExecutors is 0 by default.
 */

/** In the order of the enum, which the operator compares. */
export const apacheStates = [
  'Submitted',
  'ScheduledToRestart',
  'DriverRequested',
  'DriverStarted',
  'DriverReady',
  'RunningHealthy',
  'DriverStartTimedOut',
  'DriverReadyTimedOut',
  'Succeeded',
  'Failed',
  'DriverEvicted',
  'ResourceReleased',
] as const
export type ApacheState = (typeof apacheStates)[number]

export interface ApacheApplication {
  /** All states so far; the last one is the present one. */
  readonly history: readonly { readonly state: ApacheState; readonly sinceMs: number }[]
  readonly restarts: number
}

export interface ApacheSpec {
  readonly restartPolicy: 'Never' | 'OnFailure' | 'Always' | 'OnInfrastructureFailure'
  readonly maxRestartAttempts: number
  readonly driverStartTimeoutMs: number
  readonly driverReadyTimeoutMs: number
  readonly restartBackoffMs: number
  /** `spark.kubernetes.driver.podTemplateContainerName`. Without it, every container of the pod counts as the driver's. */
  readonly mainContainer: string | null
  /** `spark.kubernetes.operator.reconciler.missingDriverGracePeriodSeconds`. */
  readonly missingDriverGraceMs: number
}

export const apacheDefaults: ApacheSpec = {
  restartPolicy: 'Never',
  maxRestartAttempts: 3,
  driverStartTimeoutMs: 300_000,
  driverReadyTimeoutMs: 300_000,
  restartBackoffMs: 30_000,
  mainContainer: null,
  missingDriverGraceMs: 60_000,
}

/** What the operator does in the cluster after a reconciliation. */
export type ApacheAction = 'create-driver' | 'delete-driver' | null

export interface ApacheStep {
  readonly application: ApacheApplication
  readonly action: ApacheAction
}

export const newApacheApplication = (nowMs: number): ApacheApplication => ({
  history: [{ state: 'Submitted', sinceMs: nowMs }],
  restarts: 0,
})

export function stateOf({ history }: ApacheApplication): ApacheState {
  return history.at(-1)?.state ?? 'Submitted'
}

/** One reconciliation. `pod` is the driver's pod of the present attempt; null if there is none. */
export function reconcileApache(
  application: ApacheApplication,
  pod: ObservedPod | null,
  spec: ApacheSpec,
  nowMs: number,
): ApacheStep {
  const state = stateOf(application)
  const append = (...states: readonly ApacheState[]): ApacheApplication => ({
    ...application,
    history: [...application.history, ...states.map((next) => ({ state: next, sinceMs: nowMs }))],
  })
  const ageMs = nowMs - (application.history.at(-1)?.sinceMs ?? nowMs)
  if (state === 'ResourceReleased') return { application, action: null }
  if (isStopping(state)) return { application: terminateOrRestart(application, spec, nowMs), action: 'delete-driver' }
  if (state === 'Submitted' || state === 'ScheduledToRestart') {
    const isDue = state === 'Submitted' || ageMs >= spec.restartBackoffMs
    return isDue ? { application: append('DriverRequested'), action: 'create-driver' } : { application, action: null }
  }
  if (pod === null) {
    return { application: ageMs < spec.missingDriverGraceMs ? application : append('Failed'), action: null }
  }
  if (state === 'DriverReady') return { application: append('RunningHealthy'), action: null }
  const observed = observeDriver(state, pod, spec)
  if (observed.length > 0) return { application: append(...observed), action: null }
  const timedOut = findTimeout(state, ageMs, spec)
  return { application: timedOut === undefined ? application : append(timedOut), action: null }
}

const rank = (state: ApacheState) => apacheStates.indexOf(state)
const isStopping = (state: ApacheState) => rank(state) > rank('RunningHealthy') && state !== 'ResourceReleased'

const failures: readonly ApacheState[] = ['DriverStartTimedOut', 'DriverReadyTimedOut', 'Failed', 'DriverEvicted']

function terminateOrRestart(application: ApacheApplication, spec: ApacheSpec, nowMs: number): ApacheApplication {
  const state = stateOf(application)
  const restarts = application.restarts + 1
  const isCovered =
    spec.restartPolicy === 'Always' ||
    (spec.restartPolicy === 'OnFailure' && failures.includes(state)) ||
    (spec.restartPolicy === 'OnInfrastructureFailure' && state === 'DriverStartTimedOut')
  const isAgain = isCovered && restarts <= spec.maxRestartAttempts
  const next = { state: isAgain ? ('ScheduledToRestart' as const) : ('ResourceReleased' as const), sinceMs: nowMs }
  return { history: [...application.history, next], restarts: isAgain ? restarts : application.restarts }
}

/** The states that the observers of one step append. Both observers of a start see the status from before the step. */
function observeDriver(state: ApacheState, pod: ObservedPod, spec: ApacheSpec): readonly ApacheState[] {
  const started = rank(state) >= rank('DriverStarted') ? null : observeStart(pod, spec)
  const ready = rank(state) >= rank('DriverReady') ? null : observeReady(pod, spec)
  const first = [started, ready].filter((next) => next !== null)
  if (first.length > 0) return first
  const ended = observeTermination(pod, true, spec)
  return ended === null ? [] : [ended]
}

function observeStart(pod: ObservedPod, spec: ApacheSpec): ApacheState | null {
  const statuses = pod.status?.containerStatuses ?? []
  const main = statuses.length === 1 ? statuses : findMainContainers(statuses, spec)
  return main.some(({ ready }) => ready === true) ? 'DriverStarted' : observeTermination(pod, false, spec)
}

function observeReady(pod: ObservedPod, spec: ApacheSpec): ApacheState | null {
  const isReady =
    pod.status?.phase === 'Running' &&
    pod.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true
  return isReady ? 'DriverReady' : observeTermination(pod, true, spec)
}

const findMainContainers = (statuses: readonly ObservedContainer[], { mainContainer }: ApacheSpec) =>
  mainContainer === null ? statuses : statuses.filter(({ name }) => name === mainContainer)

/** BaseAppDriverObserver.observeDriverTermination. */
function observeTermination(pod: ObservedPod, isReady: boolean, spec: ApacheSpec): ApacheState | null {
  const { phase, reason, initContainerStatuses = [], containerStatuses = [] } = pod.status ?? {}
  if (containerStatuses.length === 0) return null
  if (phase === 'Failed') return reason === 'Evicted' ? 'DriverEvicted' : 'Failed'
  if (phase === 'Succeeded') return isReady ? 'Succeeded' : 'Failed'
  if (initContainerStatuses.some(hasFailed)) return 'Failed'
  const main = findMainContainers(containerStatuses, spec)
  if (main.some(({ state }) => state?.terminated !== undefined)) return main.some(hasFailed) ? 'Failed' : 'Succeeded'
  return main.some(({ restartCount = 0 }) => restartCount > 0) ? 'Failed' : null
}

const hasFailed = ({ state }: ObservedContainer) => (state?.terminated?.exitCode ?? 0) > 0

function findTimeout(state: ApacheState, ageMs: number, spec: ApacheSpec): ApacheState | undefined {
  if (state === 'DriverRequested' && ageMs > spec.driverStartTimeoutMs) return 'DriverStartTimedOut'
  if (state === 'DriverStarted' && ageMs > spec.driverReadyTimeoutMs) return 'DriverReadyTimedOut'
  return undefined
}
