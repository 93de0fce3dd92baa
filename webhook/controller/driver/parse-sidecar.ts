import { bypassedAnnotation, sidecarContainerName, sidecarEnv } from '../../../core/contract/pod-contract.ts'
import type { Container, Pod } from '../../../core/kubernetes/pod.ts'
import type { DriverSidecar } from './driver.ts'
import { parseContainer, parseList, parseTimeMs } from './parse-container.ts'

/** The sidecar that we injected; null: there is none. Another's container of that name has not our environment. */
export function parseSidecar(
  pod: Pod,
  status: Readonly<Record<string, unknown>>,
  version: string | null,
  driverImage: string,
): DriverSidecar | null {
  const container = pod.spec.initContainers?.find(
    ({ name, env }) => name === sidecarContainerName && env?.some((item) => item.name === sidecarEnv.policy) === true,
  )
  if (container === undefined) return null
  const observed = parseContainer(container, parseList(status.initContainerStatuses))
  return {
    ...observed,
    version,
    statusPort: container.ports?.[0]?.containerPort ?? null,
    due: observed.state.kind === 'waiting' && isDue(pod, status),
    bypass: rescueOf(pod.metadata?.annotations?.[bypassedAnnotation], observed.image === driverImage),
  }
}

/** The annotation, or the image alone: someone else may have had the same idea. */
function rescueOf(text: string | undefined, replaced: boolean): DriverSidecar['bypass'] {
  const [time, image, reason = ''] = text?.split(' ') ?? []
  if (image !== undefined) return { atMs: parseTimeMs(time) ?? 0, image, reason }
  return replaced ? { atMs: 0, image: '', reason: '' } : null
}

/** What {@link bypassedAnnotation} says of a rescue. */
export const formatBypass = (nowMs: number, image: string, reason: string) =>
  `${new Date(nowMs).toISOString()} ${image} ${reason}`

/** Whether the pod's network stands and all init containers before ours are done; false also when that is not known. */
function isDue({ spec }: Pod, status: Readonly<Record<string, unknown>>): boolean {
  const sandbox = parseList(status.conditions).find(({ type }) => type === 'PodReadyToStartContainers')
  const statuses = parseList(status.initContainerStatuses)
  const before = (spec.initContainers ?? []).slice(
    0,
    spec.initContainers?.findIndex(({ name }) => name === sidecarContainerName),
  )
  const isDone = (container: Container) => {
    const { state } = parseContainer(container, statuses)
    if (state.kind === 'ended') return state.exitCode === 0
    // A native sidecar lets the next one begin when its startup probe and postStart hook have passed.
    const started = statuses.find(({ name }) => name === container.name)?.started === true
    return container.restartPolicy === 'Always' && state.kind === 'running' && started
  }
  return sandbox?.status === 'True' && before.every(isDone)
}
