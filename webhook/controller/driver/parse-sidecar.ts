import { bypassedAnnotation, sidecarContainerName, sidecarEnv } from '../../../core/contract/pod-contract.ts'
import { parseTimeMs, toRecords } from '../../../core/json.ts'
import type { Container, Pod } from '../../../core/kubernetes/pod.ts'
import { type InjectionProof, parseInjectionProof } from '../../injection/proof.ts'
import type { DriverSidecar } from './driver.ts'
import { parseContainer } from './parse-container.ts'

/** Parses the sidecar that spark-nanny injected. Null if there is none: another container of that name lacks the environment. */
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
  const observed = parseContainer(container, toRecords(status.initContainerStatuses))
  return {
    ...observed,
    proof: parseProof(pod, container),
    version,
    statusPort: container.ports?.[0]?.containerPort ?? null,
    due: observed.state.kind === 'waiting' && isDue(pod, status),
    bypass: parseBypass(
      pod.metadata?.annotations?.[bypassedAnnotation],
      observed.image !== '' && observed.image === driverImage,
    ),
  }
}

/** A sidecar that runs another program than the image's own was not injected so. */
function parseProof({ metadata }: Pod, { command, args, env }: Container): InjectionProof | null {
  if (command !== undefined || args !== undefined) return null
  const readEnv = (name: string) => env?.find((item) => item.name === name)?.value
  return parseInjectionProof(readEnv(sidecarEnv.proof), readEnv(sidecarEnv.policy) ?? '', metadata?.generateName ?? '')
}

/** Parses the annotation. Without it, the image alone shows a bypass, which another tool or a person may have made. */
function parseBypass(text: string | undefined, replaced: boolean): DriverSidecar['bypass'] {
  const [time, image, reason = ''] = text?.split(' ') ?? []
  if (image !== undefined) return { atMs: parseTimeMs(time) ?? 0, image, reason }
  return replaced ? { atMs: 0, image: '', reason: '' } : null
}

/** The value of {@link bypassedAnnotation}. */
export const formatBypass = (nowMs: number, image: string, reason: string) =>
  `${new Date(nowMs).toISOString()} ${image} ${reason}`

/** Whether the pod's network is ready and all earlier init containers are done. False also if that is unknown. */
function isDue({ spec }: Pod, status: Readonly<Record<string, unknown>>): boolean {
  const sandbox = toRecords(status.conditions).find(({ type }) => type === 'PodReadyToStartContainers')
  const statuses = toRecords(status.initContainerStatuses)
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
