import { exponentialDelayMs } from '../core/backoff.ts'
import { type Capabilities, unknownCapabilities } from '../core/kubernetes/capabilities.ts'
import type { Log } from '../core/log.ts'
import type { ApiResponse, KubernetesApi } from '../kubernetes/api.ts'
import { createDryRunPod, type DryRunRule, formatDryRunPath, judgeDryRun, type ProbeResult } from './dry-run.ts'
import type { NodeCapabilities } from './nodes.ts'

/** What one probe of the API server has shown. */
export interface ServerProbe {
  readonly nativeSidecars: ProbeResult
  readonly restartAllContainers: ProbeResult
  readonly containerRestartRules: ProbeResult
  readonly openShift: ProbeResult
}

/** The latest result of each part of the probe that is not `unknown`, with its time. */
export type DatedProbe = Readonly<Record<keyof ServerProbe, { readonly proof: ProbeResult; readonly atMs: number }>>

export const unprobed: DatedProbe = {
  nativeSidecars: { proof: 'unknown', atMs: 0 },
  restartAllContainers: { proof: 'unknown', atMs: 0 },
  containerRestartRules: { proof: 'unknown', atMs: 0 },
  openShift: { proof: 'unknown', atMs: 0 },
}

/** How long a result stays valid while the API server does not respond. An upgrade takes longer. */
export const probeValidMs = 5 * 60_000

/** Replaces results by newer ones. An unknown result leaves the earlier one valid for `probeValidMs`. */
export function updateProbe(before: DatedProbe, now: ServerProbe, nowMs: number): DatedProbe {
  const next = (key: keyof ServerProbe) => {
    if (now[key] !== 'unknown') return { proof: now[key], atMs: nowMs }
    return nowMs - before[key].atMs > probeValidMs ? unprobed[key] : before[key]
  }
  return {
    nativeSidecars: next('nativeSidecars'),
    restartAllContainers: next('restartAllContainers'),
    containerRestartRules: next('containerRestartRules'),
    openShift: next('openShift'),
  }
}

/** The proven capabilities. None is proven unless OpenShift is proven or excluded: it rejects user ids that it did not choose. */
export function concludeCapabilities(proof: DatedProbe, nodes: NodeCapabilities, nowMs: number): Capabilities {
  const isProven = (key: keyof ServerProbe, wanted: ProbeResult) =>
    proof[key].proof === wanted && nowMs - proof[key].atMs <= probeValidMs
  if (!isProven('openShift', 'yes') && !isProven('openShift', 'no')) return unknownCapabilities
  const nativeSidecars = isProven('nativeSidecars', 'yes') && nodes.nativeSidecars
  return {
    nativeSidecars,
    restartAllContainers: nativeSidecars && isProven('restartAllContainers', 'yes') && nodes.restartAllContainers,
    containerRestartRules: nativeSidecars && isProven('containerRestartRules', 'yes') && nodes.containerRestartRules,
    openShift: isProven('openShift', 'yes'),
  }
}

/** Probes the API server by four small requests. */
export async function probeServer(api: KubernetesApi, namespace: string): Promise<ServerProbe> {
  const dryRun = async (rule: DryRunRule) => {
    const body = createDryRunPod(rule)
    return judgeDryRun(
      await api.request({ method: 'POST', path: formatDryRunPath(namespace), body, deadlineMs: 10_000 }),
      rule,
    )
  }
  const [nativeSidecars, restartAllContainers, containerRestartRules, group] = await Promise.all([
    dryRun('none'),
    dryRun('restart-all-containers'),
    dryRun('restart-by-exit-code'),
    api.request({ method: 'GET', path: '/apis/security.openshift.io', deadlineMs: 10_000 }),
  ])
  return { nativeSidecars, restartAllContainers, containerRestartRules, openShift: judgeGroup(group) }
}

/** Whether the API has the group of the request's path. */
function judgeGroup(response: ApiResponse): ProbeResult {
  if (response.kind === 'failed') return 'unknown'
  if (response.status === 200) return 'yes'
  return response.status === 404 ? 'no' : 'unknown'
}

export interface CapabilityProbeDeps {
  readonly api: KubernetesApi
  readonly namespace: string
  readonly intervalMs: number
  readonly log: Log
  /** The capabilities of the nodes in the cache. */
  nodes(): NodeCapabilities
  nowMs(): number
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

export interface CapabilityProbe {
  current(): Capabilities
  /** Whether the API server has been probed at least once. */
  hasProbed(): boolean
  run(signal: AbortSignal): Promise<void>
}

/** Repeats the probe, because an API server may be upgraded or rolled back at any time. */
export function createCapabilityProbe(deps: CapabilityProbeDeps): CapabilityProbe {
  let proof = unprobed
  let rounds = 0
  let logged = ''
  const current = () => concludeCapabilities(proof, deps.nodes(), deps.nowMs())
  return {
    current,
    hasProbed: () => rounds > 0,
    run: async (signal) => {
      while (!signal.aborted) {
        const results = await probeServer(deps.api, deps.namespace)
        proof = updateProbe(proof, results, deps.nowMs())
        const capabilities = current()
        const text = JSON.stringify({ capabilities, results })
        if (text !== logged) deps.log.info({ event: 'capabilities', ...capabilities, results, nodes: deps.nodes() })
        logged = text
        rounds += 1
        // Until the capabilities are known, drivers get no sidecar; therefore the first probes follow each other quickly.
        const known = Object.values(results).every((result) => result !== 'unknown')
        await deps.sleep(
          known ? deps.intervalMs : exponentialDelayMs(Math.min(rounds, 10), { baseMs: 1_000, capMs: deps.intervalMs }),
          signal,
        )
      }
    },
  }
}
