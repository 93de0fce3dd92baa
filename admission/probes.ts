import { sidecarPort, verdictDir, verdictFiles } from '../core/contract/pod-contract.ts'
import type { Container, Probe } from '../core/kubernetes/pod.ts'
import { frozenJson } from './json-patch.ts'
import { probeScript } from './probe-script.ts'

export interface DriverProbes {
  readonly startupProbe?: Probe
  readonly livenessProbe?: Probe
  readonly readinessProbe?: Probe
}

export interface ProbeContext {
  readonly handler: 'exec' | 'http'
  /** Whether the sidecar serves /startedz and /readyz. */
  readonly served: boolean
  /** Whether the driver's Service publishes addresses that are not ready. If not, no probe may delay readiness. */
  readonly servicesAdmitted: boolean
  readonly observeOnly: boolean
  /** Whether the driver container sees the processes of other containers. */
  readonly sharesProcesses: boolean
  /** The key that the sidecar expects of the kubelet's requests where no other probe shows that the driver runs. */
  readonly probeKey: string | null
}

/** The maximum that the API allows (int32), so that the startup probe never kills the driver. */
const maxFailureThreshold = 2_147_483_647

const shell = (script: string, ...args: readonly string[]) => ({
  exec: { command: ['/bin/sh', '-c', script, ...args] },
})
const ifReady = shell(`test -e ${verdictDir}/${verdictFiles.ready}`)
const httpGet = (path: string) => ({ httpGet: { path, port: sidecarPort, scheme: 'HTTP' } })

const startupTiming = { periodSeconds: 1, timeoutSeconds: 10, failureThreshold: maxFailureThreshold }
const readinessTiming = { periodSeconds: 2, timeoutSeconds: 5, failureThreshold: 3 }
const livenessTiming = { periodSeconds: 10, timeoutSeconds: 60, failureThreshold: 3 }
/** Where the kubelet reads the termination message unless the container says otherwise. */
const defaultMessagePath = '/dev/termination-log'
const createExecProbes = (messagePath: string, processes: 'own' | 'shared') => ({
  startup: frozenJson<Probe>({ ...shell(probeScript, 'startup', messagePath, processes), ...startupTiming }),
  liveness: frozenJson<Probe>({ ...shell(probeScript, 'liveness', messagePath, processes), ...livenessTiming }),
})
/** The probes of nearly every driver, so that they are encoded once. */
const usualProbes = {
  own: createExecProbes(defaultMessagePath, 'own'),
  shared: createExecProbes(defaultMessagePath, 'shared'),
}
const readiness = {
  exec: frozenJson({ ...ifReady, ...readinessTiming }),
  http: frozenJson({ ...httpGet('/readyz'), ...readinessTiming }),
} satisfies Record<string, Probe>

/** Of a driver without exec probes, which alone shows its sidecar that its container runs. */
function createHttpProbes(probeKey: string | null): { readonly startup: Probe; readonly readiness: Probe } {
  const query = probeKey === null ? '' : `?key=${probeKey}`
  return {
    startup: { ...httpGet(`/startedz${query}`), ...startupTiming },
    readiness: { ...httpGet(`/readyz${query}`), ...readinessTiming },
  }
}

/**
 * The probes that the driver lacks. Only liveness can kill, and only because of a file that the sidecar wrote:
 * - Startup never fails the container, because a frozen sidecar leaves the file `starting` behind. The kubelet runs liveness
 *   and readiness only after it has passed. The sidecar itself concludes that the startup deadline has passed.
 * - Liveness fails after three failures in a row with a timeout of a minute each: a timeout of exec counts as a failure, and
 *   an overloaded container runtime must not kill. After a real verdict the command fails immediately. With http there is no
 *   liveness probe, because a dead sidecar refuses the connection, which would kill a healthy driver.
 * - Readiness, and startup, which delays it, are only added if the driver's DNS name resolves before the driver is ready.
 */
export function planProbes(container: Container, context: ProbeContext): DriverProbes {
  const { handler, served, servicesAdmitted, observeOnly, sharesProcesses, probeKey } = context
  const processes = sharesProcesses ? 'shared' : 'own'
  const messagePath = container.terminationMessagePath ?? defaultMessagePath
  const { startup, liveness } =
    messagePath === defaultMessagePath ? usualProbes[processes] : createExecProbes(messagePath, processes)
  const http = createHttpProbes(probeKey)
  const servedReadiness = handler === 'exec' ? readiness.http : http.readiness
  const canDelayReadiness = servicesAdmitted && (served || handler === 'exec')
  return {
    ...(canDelayReadiness && !container.startupProbe && { startupProbe: handler === 'exec' ? startup : http.startup }),
    ...(handler === 'exec' && !observeOnly && !container.livenessProbe && { livenessProbe: liveness }),
    ...(canDelayReadiness &&
      !container.readinessProbe && { readinessProbe: served ? servedReadiness : readiness.exec }),
  }
}
