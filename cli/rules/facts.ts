import { endedByProbeExitCode } from '../../core/contract/pod-contract.ts'
import { hasFailedState, parseReportedExit } from '../evidence/application-state.ts'
import type { ContainerTermination, DriverPod } from '../evidence/driver-pod.ts'
import type { KubernetesEvent } from '../evidence/events.ts'
import { type Evidence, valueIn } from '../evidence/evidence.ts'
import type { DriverPhase } from '../findings/findings.ts'
import type { LineOrigin } from '../log/line-origin.ts'
import type { LogReading, UncaughtLine } from '../log/scan.ts'

/** The evidence about one run of the driver's container. */
export interface Facts {
  readonly evidence: Evidence
  readonly run: 'current' | 'previous'
  readonly state: DriverPhase
  readonly pod: DriverPod | undefined
  /** How the run ended, or null if it has not. */
  readonly exit: ContainerTermination | null
  readonly log: LogReading | undefined
  /** driver: the log of the container. submission: what spark-submit printed in the operator, from the operator's message. */
  readonly logOf: 'driver' | 'submission'
  readonly events: readonly KubernetesEvent[]
}

/**
 * Collects the facts about the current run and, if there was one, the previous run. `submission` is the output of
 * spark-submit, if the operator could not submit the driver.
 */
export function collectFacts(
  evidence: Evidence,
  submission?: LogReading,
): { readonly current: Facts; readonly previous: Facts | undefined } {
  const pod = valueIn(evidence.pod)
  const events = valueIn(evidence.events) ?? []
  const state = driverState(evidence)
  const current: Facts = {
    evidence,
    run: 'current',
    state,
    pod,
    exit: pod?.driver.state.kind === 'terminated' ? pod.driver.state : reportedExit(evidence),
    log: valueIn(evidence.log) ?? submission,
    logOf: valueIn(evidence.log) === undefined && submission !== undefined ? 'submission' : 'driver',
    events: pod === undefined ? events : events.filter((event) => isAbout(event, pod)),
  }
  const last = pod?.driver.last ?? null
  const previousLog = valueIn(evidence.previousLog)
  if (last === null && previousLog === undefined) return { current, previous: undefined }
  const previousState = last?.exitCode === 0 && last.reason !== 'OOMKilled' ? 'completed' : 'failed'
  const previous: Facts = {
    ...current,
    run: 'previous',
    state: previousState,
    exit: last,
    log: previousLog,
    logOf: 'driver',
  }
  return { current, previous }
}

/** The end of a driver whose pod is gone or cannot be read, as its operator reports it. */
function reportedExit(evidence: Evidence): ContainerTermination | null {
  const application = valueIn(evidence.application)
  if (evidence.pod.kind === 'read' || application === undefined || !hasFailedState(application)) return null
  const exit = parseReportedExit(application)
  return exit && { ...exit, signal: null, message: null, finishedMs: null }
}

/** Whether the Event is about this pod or its node. Excludes other pods, earlier pods of the same name and other nodes. */
function isAbout({ object, uid }: KubernetesEvent, pod: DriverPod): boolean {
  const [kind, name] = object.split('/')
  if (kind === 'Pod') return name === pod.name && (uid === null || pod.uid === null || uid === pod.uid)
  return kind !== 'Node' || name === pod.node
}

function driverState(evidence: Evidence): DriverPhase {
  const application = valueIn(evidence.application)
  if (evidence.pod.kind !== 'read' && application !== undefined && hasFailedState(application)) return 'failed'
  if (evidence.pod.kind === 'absent') return 'absent'
  const pod = valueIn(evidence.pod)
  if (pod === undefined) return 'unknown'
  const { state } = pod.driver
  if (pod.phase === 'Failed') return 'failed'
  if (state.kind === 'terminated') {
    return state.exitCode === 0 && state.reason !== 'OOMKilled' ? 'completed' : 'failed'
  }
  if (pod.phase === 'Succeeded') return 'completed'
  if (state.kind === 'running') return valueIn(evidence.sidecar)?.state === 'hung' ? 'hung' : 'running'
  return 'pending'
}

/** Age of the pod in milliseconds, or null if unknown. */
export function podAgeMs({ evidence, pod }: Facts): number | null {
  return pod?.createdMs == null ? null : evidence.collectedMs - pod.createdMs
}

/** Whether the kubelet has mounted the volumes. It creates the sandbox afterwards (pkg/kubelet, SyncPod). */
export function isMounted({ pod, events }: Facts): boolean {
  const ready = pod?.conditions.some(({ type, status }) => type === 'PodReadyToStartContainers' && status === 'True')
  return ready === true || events.some(({ reason }) => /^(Pulling|Pulled|Created|Started)$/.test(reason))
}

const nodePatienceMs = 600_000

/** Whether the cluster autoscaler or Karpenter has requested a node for the pod that may still become available. */
export const isNodeComing = (facts: Facts): boolean =>
  (podAgeMs(facts) ?? nodePatienceMs) < nodePatienceMs &&
  facts.events.some(({ reason }) => reason === 'TriggeredScaleUp' || reason === 'Nominated')

/**
 * Whether the pod has passed the startup stage that an Event reports a problem about. The stages are scheduling, volumes
 * and sandbox, and image. Waiting for node autoscaling or a slow registry does not count as a problem.
 */
export function isPast(event: KubernetesEvent, facts: Facts): boolean {
  const { pod, events } = facts
  switch (event.reason) {
    case 'FailedScheduling':
      return (
        isNodeComing(facts) ||
        pod?.conditions.some(({ type, status }) => type === 'PodScheduled' && status === 'True') === true
      )
    case 'FailedCreatePodSandBox':
    case 'NetworkNotReady':
      return isMounted(facts)
    case 'Failed':
    case 'BackOff':
      return events.slice(events.indexOf(event)).some(({ reason }) => /^(Pulled|Created|Started)$/.test(reason))
    default:
      return false
  }
}

export function logSource({ run, logOf }: Facts): string {
  if (logOf === 'submission') return 'application'
  return run === 'current' ? 'driver.log' : 'previous.log'
}

/** 128 plus the signals that come from outside the JVM: SIGHUP, SIGINT, SIGKILL, spark-nanny’s SIGALRM, and SIGTERM. */
const killedExitCodes: ReadonlySet<number> = new Set([129, 130, 137, endedByProbeExitCode, 143])

/** Whether a signal from outside ended the driver. */
export const wasKilled = ({ exit }: Facts): boolean => exit !== null && killedExitCodes.has(exit.exitCode)

/**
 * Decides the origin of a log line with knowledge of how the driver ended. A traceback ended the program only if the
 * program has ended and was not killed.
 */
export function findPlace(facts: Facts, place: LineOrigin): LineOrigin {
  if (place !== 'traceback') return place
  return isAlive(facts) || wasKilled(facts) ? 'error' : 'uncaught'
}

/** Whether the line was written after a signal had started to shut down the driver. */
export function isAftermath(facts: Facts, line: number): boolean {
  const { shutdown, context } = facts.log?.milestones ?? { shutdown: 0, context: 0 }
  return wasKilled(facts) && shutdown > context && line > shutdown
}

/** The exception that ended the program, outermost first. Empty if no exception ended it. */
export function endingException(facts: Facts): readonly UncaughtLine[] {
  const chain = facts.log?.uncaught ?? []
  const [first] = chain
  if (first === undefined || findPlace(facts, first.place) !== 'uncaught') return []
  // A signal cancels running jobs with this message, so the message is not the cause.
  const wasStopped = wasKilled(facts) && chain.some(({ text }) => text.includes('SparkContext was shut down'))
  return wasStopped || isAftermath(facts, first.number) ? [] : chain
}

export const isAlive = ({ state, run }: Facts): boolean =>
  run === 'current' && (state === 'running' || state === 'hung')
