import type { Log } from '../../core/log.ts'
import { type ApiResponse, describeResponse, type KubernetesApi } from '../api.ts'
import {
  createLeaseSpec,
  createReleasedSpec,
  decideLeaseStep,
  type LeaseSpec,
  type LeaseTiming,
  leaseTiming,
  type ObservedLease,
  observeLease,
  parseLease,
} from './lease.ts'

export interface LeaderElectorDeps {
  readonly api: KubernetesApi
  readonly log: Log
  readonly namespace: string
  readonly name: string
  /** No other process may ever have the same. */
  readonly identity: string
  /** A clock that no one sets. */
  monotonicMs(): number
  nowMs(): number
  sleep(ms: number, signal: AbortSignal): Promise<void>
  random(): number
  readonly timing?: LeaseTiming
}

export interface LeaderElector {
  /**
   * Whether we may act this very moment. Asked before each action: a process that was frozen finds out here, before any
   * timer of its own does.
   */
  leads(): boolean
  /**
   * Runs `lead` whenever we hold the lease. Its signal is aborted before another could take over, on `signal`, or when
   * the lease is lost; it must return then. The lease is given back at the end. Never rejects for what the API does.
   */
  run(lead: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void>
}

type Renewal = 'renewed' | 'held-by-another' | 'failed'

/** Leader election as client-go does it: by a Lease, optimistic writes, and each one's own clock. */
export function createLeaderElector(edges: LeaderElectorDeps): LeaderElector {
  const timing = edges.timing ?? leaseTiming
  const { api, log, identity } = edges
  const collection = `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(edges.namespace)}/leases`
  const path = `${collection}/${encodeURIComponent(edges.name)}`
  let observed: ObservedLease | undefined
  /** When the write that last gave us the lease was sent; null: it is not ours. */
  let renewedMs: number | null = null
  let problem = ''

  const leads = () => renewedMs !== null && edges.monotonicMs() - renewedMs < timing.renewDeadlineMs
  const now = () => ({ nowMs: edges.monotonicMs(), wallMs: edges.nowMs(), durationMs: timing.durationMs })

  const read = async (): Promise<ApiResponse> => {
    const answer = await api.request({ method: 'GET', path, deadlineMs: timing.renewDeadlineMs / 2 })
    const record = answer.kind === 'response' && answer.status === 200 ? parseLease(answer.body) : undefined
    if (record !== undefined) observed = observeLease(observed, record, edges.monotonicMs())
    return answer
  }

  const write = async (spec: LeaseSpec): Promise<Renewal> => {
    const sentMs = edges.monotonicMs()
    const metadata = observed?.record.metadata ?? { name: edges.name, namespace: edges.namespace }
    const answer = await api.request({
      method: observed === undefined ? 'POST' : 'PUT',
      path: observed === undefined ? collection : path,
      body: {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata,
        spec,
      },
      deadlineMs: timing.renewDeadlineMs / 2,
    })
    const record = answer.kind === 'response' && answer.status < 300 ? parseLease(answer.body) : undefined
    if (record === undefined) return complain(answer)
    observed = { record, sinceMs: sentMs }
    if (record.holder === identity) renewedMs = sentMs
    problem = ''
    return 'renewed'
  }

  const complain = (answer: ApiResponse): Renewal => {
    const detail = describeResponse(answer)
    // Another process wrote the lease first, so the next attempt reads it again.
    if (answer.kind === 'response' && answer.status === 409) return 'failed'
    if (detail !== problem) log.warn({ event: 'lease-renewal-failed', lease: edges.name, detail })
    problem = detail
    return 'failed'
  }

  /** One try to get or keep the lease. */
  const renew = async (): Promise<Renewal> => {
    // The last written lease is most likely unchanged. Otherwise the write conflicts.
    if (leads() && observed !== undefined) {
      const step = decideLeaseStep(observed, identity, now())
      if (step.kind === 'take' && (await write(step.spec)) === 'renewed') return 'renewed'
    }
    const answer = await read()
    if (answer.kind === 'response' && answer.status === 404) {
      observed = undefined
      return write(createLeaseSpec(identity, now()))
    }
    if (observed === undefined || answer.kind !== 'response' || answer.status !== 200) return complain(answer)
    const step = decideLeaseStep(observed, identity, now())
    if (step.kind === 'wait') return 'held-by-another'
    return write(step.spec)
  }

  const release = async (): Promise<void> => {
    if (!leads() || observed === undefined) return
    const spec = createReleasedSpec(observed.record, edges.nowMs())
    renewedMs = null
    await write(spec)
  }

  /** Renews until the lease is lost or `signal` is aborted. `guard` enforces the deadline even if a request does not return. */
  const keep = async (signal: AbortSignal, lost: (why: string) => void): Promise<void> => {
    while (!signal.aborted) {
      await edges.sleep(timing.retryMs, signal)
      if (signal.aborted) return
      const renewal = await renew()
      if (renewal === 'held-by-another') return lost('another holds the lease')
    }
  }
  const guard = async (signal: AbortSignal, lost: (why: string) => void): Promise<void> => {
    while (!signal.aborted) {
      const leftMs = renewedMs === null ? 0 : renewedMs + timing.renewDeadlineMs - edges.monotonicMs()
      if (leftMs <= 0) return lost('the lease could not be renewed in time')
      await edges.sleep(leftMs, signal)
    }
  }

  const run = async (lead: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      const renewal = await renew()
      // A process that was asked to stop during the request must not start to lead.
      if (signal.aborted) await release()
      else if (renewal === 'renewed' && leads()) {
        const term = new AbortController()
        const lost = (why: string) => {
          if (!term.signal.aborted) log.warn({ event: 'leader-lost', lease: edges.name, identity, why })
          renewedMs = null
          term.abort()
        }
        const stop = () => term.abort()
        signal.addEventListener('abort', stop, { once: true })
        log.info({ event: 'leader-acquired', lease: edges.name, identity })
        try {
          const kept = [keep(term.signal, lost), guard(term.signal, lost)]
          await lead(term.signal).finally(stop)
          await Promise.all(kept)
        } finally {
          signal.removeEventListener('abort', stop)
          await release()
          renewedMs = null
        }
      }
      await edges.sleep(timing.retryMs * (1 + edges.random() * 0.2), signal)
    }
  }
  return { leads, run }
}
