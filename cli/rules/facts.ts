import type { DriverPod, Termination } from '../evidence/driver-pod.ts'
import type { KubernetesEvent } from '../evidence/events.ts'
import { type Evidence, valueIn } from '../evidence/evidence.ts'
import type { DriverPhase } from '../findings/findings.ts'
import type { LineOrigin } from '../log/line-origin.ts'
import type { LogReading, UncaughtLine } from '../log/scan.ts'

/** The evidence as it bears on one run of the driver's container. */
export interface Facts {
  readonly evidence: Evidence
  readonly run: 'current' | 'previous'
  readonly state: DriverPhase
  readonly pod: DriverPod | undefined
  /** How that run ended. */
  readonly exit: Termination | null
  readonly log: LogReading | undefined
  readonly events: readonly KubernetesEvent[]
}

/** The facts of the present run, and of the one before where there was one. */
export function collectFacts(evidence: Evidence): { readonly current: Facts; readonly previous: Facts | undefined } {
  const pod = valueIn(evidence.pod)
  const events = valueIn(evidence.events) ?? []
  const state = driverState(evidence)
  const current: Facts = {
    evidence,
    run: 'current',
    state,
    pod,
    exit: pod?.driver.state.kind === 'terminated' ? pod.driver.state : null,
    log: valueIn(evidence.log),
    events: pod === undefined ? events : events.filter((event) => isAbout(event, pod)),
  }
  const last = pod?.driver.last ?? null
  const previousLog = valueIn(evidence.previousLog)
  if (last === null && previousLog === undefined) return { current, previous: undefined }
  const previousState = last?.exitCode === 0 && last.reason !== 'OOMKilled' ? 'completed' : 'failed'
  const previous: Facts = { ...current, run: 'previous', state: previousState, exit: last, log: previousLog }
  return { current, previous }
}

/** Not of another pod, of an earlier one of the same name, or of a node that the driver is not on. */
function isAbout({ object, uid }: KubernetesEvent, pod: DriverPod): boolean {
  const [kind, name] = object.split('/')
  if (kind === 'Pod') return name === pod.name && (uid === null || pod.uid === null || uid === pod.uid)
  return kind !== 'Node' || name === pod.node
}

function driverState(evidence: Evidence): DriverPhase {
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

/** How long the pod has been there, or null. */
export function podAgeMs({ evidence, pod }: Facts): number | null {
  return pod?.createdMs == null ? null : evidence.collectedMs - pod.createdMs
}

/** Whether the kubelet has got past the volumes: it makes the sandbox after them (pkg/kubelet, SyncPod). */
export function isMounted({ pod, events }: Facts): boolean {
  const ready = pod?.conditions.some(({ type, status }) => type === 'PodReadyToStartContainers' && status === 'True')
  return ready === true || events.some(({ reason }) => /^(Pulling|Pulled|Created|Started)$/.test(reason))
}

const nodePatienceMs = 600_000

/** Whether a node was asked for on behalf of the pod, by the cluster autoscaler or Karpenter, and may still come. */
export const isNodeComing = (facts: Facts): boolean =>
  (podAgeMs(facts) ?? nodePatienceMs) < nodePatienceMs &&
  facts.events.some(({ reason }) => reason === 'TriggeredScaleUp' || reason === 'Nominated')

/**
 * Whether the pod has got past what an event tells of, by the stages of a pod's start: scheduled, volumes and sandbox,
 * image. Node autoscaling and slow registries are no faults.
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

export const logSource = ({ run }: Facts): string => (run === 'current' ? 'driver.log' : 'previous.log')

/** 128 and the signals that come from elsewhere: SIGHUP, SIGINT, SIGKILL, SIGTERM. By others a JVM ends itself. */
const killedExitCodes: ReadonlySet<number> = new Set([129, 130, 137, 143])

/** Whether somebody else ended the driver. */
export const wasKilled = ({ exit }: Facts): boolean => exit !== null && killedExitCodes.has(exit.exitCode)

/**
 * The place of a line of the log, now that it is known how the driver fares. A traceback ended the program if the program
 * has ended, and by itself.
 */
export function findPlace(facts: Facts, place: LineOrigin): LineOrigin {
  if (place !== 'traceback') return place
  return isAlive(facts) || wasKilled(facts) ? 'error' : 'uncaught'
}

/** Whether the line stands where a signal has been ending the driver already. */
export function isAftermath(facts: Facts, line: number): boolean {
  const { shutdown, context } = facts.log?.milestones ?? { shutdown: 0, context: 0 }
  return wasKilled(facts) && shutdown > context && line > shutdown
}

/** The exception that ended the program, outermost first; empty when none did. */
export function endingException(facts: Facts): readonly UncaughtLine[] {
  const chain = facts.log?.uncaught ?? []
  const [first] = chain
  if (first === undefined || findPlace(facts, first.place) !== 'uncaught') return []
  // What a signal does to a job; the log need not say more of its end.
  const wasStopped = wasKilled(facts) && chain.some(({ text }) => text.includes('SparkContext was shut down'))
  return wasStopped || isAftermath(facts, first.number) ? [] : chain
}

export const isAlive = ({ state, run }: Facts): boolean =>
  run === 'current' && (state === 'running' || state === 'hung')
