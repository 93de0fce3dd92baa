import type { Pod } from '../../core/pod.ts'
import { rescuedAnnotation, sidecarContainerName, sidecarEnv } from '../../core/pod-contract.ts'
import type { ObservedSidecar } from './observation.ts'
import { listOf, observeContainer, timeOf } from './observe-container.ts'

/** The sidecar that we injected; null: there is none. Another's container of that name has not our environment. */
export function observeSidecar(
  pod: Pod,
  status: Readonly<Record<string, unknown>>,
  version: string | null,
  driverImage: string,
): ObservedSidecar | null {
  const container = pod.spec.initContainers?.find(
    ({ name, env }) => name === sidecarContainerName && env?.some((item) => item.name === sidecarEnv.policy) === true,
  )
  if (container === undefined) return null
  const observed = observeContainer(container, listOf(status.initContainerStatuses))
  return {
    ...observed,
    version,
    statusPort: container.ports?.[0]?.containerPort ?? null,
    dueMs: observed.state.kind === 'waiting' ? dueMs(pod, status) : null,
    rescue: rescueOf(pod.metadata?.annotations?.[rescuedAnnotation], observed.image === driverImage),
  }
}

/** The annotation, or the image alone: someone else may have had the same idea. */
function rescueOf(text: string | undefined, replaced: boolean): ObservedSidecar['rescue'] {
  const [time, image] = text?.split(' ') ?? []
  if (image !== undefined) return { atMs: timeOf(time) ?? 0, image }
  return replaced ? { atMs: 0, image: '' } : null
}

/** What {@link rescuedAnnotation} says of a rescue. */
export const rescueText = (nowMs: number, image: string) => `${new Date(nowMs).toISOString()} ${image}`

/**
 * When the pod's network stood and all init containers before ours were done; null: not yet, or not known. Once its
 * containers have been restarted nothing tells any more: the network has stood for as long as the pod has.
 */
function dueMs({ spec }: Pod, status: Readonly<Record<string, unknown>>): number | null {
  const conditions = listOf(status.conditions)
  if (conditions.some(({ type }) => type === 'AllContainersRestarting')) return null
  const sandbox = conditions.find(({ type }) => type === 'PodReadyToStartContainers')
  const times: (number | null)[] = [sandbox?.status === 'True' ? timeOf(sandbox.lastTransitionTime) : null]
  const statuses = listOf(status.initContainerStatuses)
  for (const container of spec.initContainers ?? []) {
    if (container.name === sidecarContainerName) break
    const { state } = observeContainer(container, statuses)
    const done = state.kind === 'ended' && state.exitCode === 0 ? state.finishedMs : null
    times.push(container.restartPolicy === 'Always' && state.kind === 'running' ? state.startedMs : done)
  }
  return times.some((time) => time === null) ? null : Math.max(...times.map(Number))
}
