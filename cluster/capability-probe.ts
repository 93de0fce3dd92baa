import { type Capabilities, unknownCapabilities } from '../core/kubernetes/capabilities.ts'
import type { Log } from '../core/log.ts'
import type { ApiAnswer, KubernetesApi } from '../kubernetes/api.ts'
import { dryRunPath, dryRunPod, judgeDryRun, type Proof } from './dry-run.ts'
import type { NodeCapabilities } from './nodes.ts'

/** What the API server was last proved to do, and when. */
export interface ServerProof {
  readonly nativeSidecars: Proof
  readonly restartAllContainers: Proof
  readonly openShift: Proof
}

/** A proof with the time at which each part of it was last known. */
export type DatedProof = Readonly<Record<keyof ServerProof, { readonly proof: Proof; readonly atMs: number }>>

export const noProof: DatedProof = {
  nativeSidecars: { proof: 'unknown', atMs: 0 },
  restartAllContainers: { proof: 'unknown', atMs: 0 },
  openShift: { proof: 'unknown', atMs: 0 },
}

/** An API server that cannot be asked is taken to be as it was for this long: an upgrade takes longer. */
export const proofKeptMs = 5 * 60_000

/** What is new holds; what is unknown now is as it was, for a while. */
export function updateProof(before: DatedProof, now: ServerProof, nowMs: number): DatedProof {
  const next = (key: keyof ServerProof) =>
    now[key] !== 'unknown'
      ? { proof: now[key], atMs: nowMs }
      : nowMs - before[key].atMs > proofKeptMs
        ? noProof[key]
        : before[key]
  return {
    nativeSidecars: next('nativeSidecars'),
    restartAllContainers: next('restartAllContainers'),
    openShift: next('openShift'),
  }
}

/** What may be relied on. Not to know whether a cluster is OpenShift is doubt too: it rejects user ids that it did not pick. */
export function concludeCapabilities(proof: DatedProof, nodes: NodeCapabilities, nowMs: number): Capabilities {
  const is = (key: keyof ServerProof, wanted: Proof) =>
    proof[key].proof === wanted && nowMs - proof[key].atMs <= proofKeptMs
  if (!is('openShift', 'yes') && !is('openShift', 'no')) return unknownCapabilities
  const nativeSidecars = is('nativeSidecars', 'yes') && nodes.nativeSidecars
  return {
    nativeSidecars,
    restartAllContainers: nativeSidecars && is('restartAllContainers', 'yes') && nodes.restartAllContainers,
    openShift: is('openShift', 'yes'),
  }
}

/** Three small questions to the API server. */
export async function askServer(api: KubernetesApi, namespace: string): Promise<ServerProof> {
  const dryRun = async (withRule: boolean) => {
    const body = dryRunPod(withRule)
    return judgeDryRun(
      await api.request({ method: 'POST', path: dryRunPath(namespace), body, deadlineMs: 10_000 }),
      withRule,
    )
  }
  const [nativeSidecars, restartAllContainers, group] = await Promise.all([
    dryRun(false),
    dryRun(true),
    api.request({ method: 'GET', path: '/apis/security.openshift.io', deadlineMs: 10_000 }),
  ])
  return { nativeSidecars, restartAllContainers, openShift: judgeGroup(group) }
}

function judgeGroup(answer: ApiAnswer): Proof {
  if (answer.kind === 'failed') return 'unknown'
  return answer.status === 200 ? 'yes' : answer.status === 404 ? 'no' : 'unknown'
}

export interface CapabilityEdges {
  readonly api: KubernetesApi
  readonly namespace: string
  readonly intervalMs: number
  readonly log: Log
  /** Of the nodes as they are known now. */
  nodes(): NodeCapabilities
  nowMs(): number
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

export interface WatchedCapabilities {
  current(): Capabilities
  /** Whether the API server has been asked; what it could not answer is doubt. */
  asked(): boolean
  run(signal: AbortSignal): Promise<void>
}

/** Keeps asking: an API server may be upgraded, or rolled back, under us. */
export function watchCapabilities(edges: CapabilityEdges): WatchedCapabilities {
  let proof = noProof
  let shown = ''
  const current = () => concludeCapabilities(proof, edges.nodes(), edges.nowMs())
  let rounds = 0
  return {
    current,
    asked: () => rounds > 0,
    run: async (signal) => {
      while (!signal.aborted) {
        const answers = await askServer(edges.api, edges.namespace)
        proof = updateProof(proof, answers, edges.nowMs())
        const capabilities = current()
        const text = JSON.stringify({ capabilities, answers })
        if (text !== shown) edges.log.info({ event: 'capabilities', ...capabilities, answers, nodes: edges.nodes() })
        shown = text
        rounds += 1
        // Until it is known, drivers go without: ask more often at first.
        const known = Object.values(answers).every((answer) => answer !== 'unknown')
        await edges.sleep(
          known ? edges.intervalMs : Math.min(edges.intervalMs, 1_000 * 2 ** Math.min(rounds, 10)),
          signal,
        )
      }
    },
  }
}
