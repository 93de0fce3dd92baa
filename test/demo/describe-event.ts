import { restartAllContainersExitCode, sidecarContainerName } from '../../core/contract/pod-contract.ts'
import type { Container, Pod } from '../../core/kubernetes/pod.ts'
import type { KubeletEvent } from './fake-kubelet/events.ts'
import type { Source } from './timeline.ts'

export type Line = readonly [source: Source, text: string]

/** Explains an event of the kubelet to a reader who has never seen a pod restart. */
export function describeEvent(event: KubeletEvent): Line {
  switch (event.kind) {
    case 'container-started': {
      const who = nameOf(event.container)
      const again = event.restarts === 0 ? 'started' : `started again (restart ${event.restarts})`
      return ['kubelet', `${who} ${again}, process ${event.pid}`]
    }
    case 'container-ended': {
      const { exitCode, signal } = event.end
      const how = signal === null ? `exit code ${exitCode}` : `killed by ${signal}`
      const meaning = exitCode === restartAllContainersExitCode ? ': it requests a restart of all containers' : ''
      return [sourceOf(event.container), `${nameOf(event.container)} ended, ${how}${meaning}`]
    }
    case 'container-backoff':
      return ['kubelet', `${nameOf(event.container)} is restarted in ${(event.delayMs / 1_000).toFixed(1)} s (backoff)`]
    case 'restart-all-containers':
      return [
        'kubelet',
        `exit code ${event.exitCode} matches the rule RestartAllContainers: all containers restart in the same pod`,
      ]
    case 'pod-ended':
      return ['kubelet', `the pod is ${event.phase}: ${event.reason}`]
    case 'probe':
      return ['kubelet', probeText[event.probe](event.passes)]
  }
}

const probeText = {
  startup: (passes) =>
    passes ? 'startup probe passes: there is no file “starting”' : 'startup probe fails: the pod is killed',
  liveness: (passes) =>
    passes ? 'liveness probe passes: there is no file “hung”' : 'liveness probe fails: the pod is killed',
  readiness: (passes) => (passes ? 'readiness probe passes: the driver is Ready' : 'the driver is not Ready'),
} as const satisfies Record<string, (passes: boolean) => string>

function nameOf(container: string): string {
  return container === sidecarContainerName ? 'the sidecar' : 'the driver'
}

function sourceOf(container: string): Source {
  return container === sidecarContainerName ? 'sidecar' : 'driver'
}

/** Describes what the webhook added to a driver pod, in one line. */
export function describeInjection(pod: Pod): string {
  const sidecar = pod.spec.initContainers?.find(({ name }) => name === sidecarContainerName)
  const driver = pod.spec.containers[0]
  const parts = [
    sidecar?.restartPolicy === 'Always' && 'native sidecar',
    sidecar?.restartPolicyRules !== undefined && `rule exit ${restartAllContainersExitCode} → RestartAllContainers`,
    driver !== undefined && probesOf(driver),
  ]
  return parts.filter((part) => typeof part === 'string').join(', ')
}

function probesOf({ startupProbe, livenessProbe, readinessProbe }: Container): string {
  const probes = [startupProbe && 'startup', livenessProbe && 'liveness', readinessProbe && 'readiness']
  return `probes ${probes.filter((probe) => probe !== undefined).join(', ')}`
}
