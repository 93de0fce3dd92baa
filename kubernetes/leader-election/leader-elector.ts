import type { Log } from '../../core/log.ts'
import { type ApiResponse, describeResponse, type KubernetesApi } from '../api.ts'
import {
  createLeaseSpec,
  createReleasedSpec,
  decideLeaseStep,
  isLeading,
  type Leadership,
  type LeaseNow,
  type LeaseSpec,
  type LeaseTiming,
  leaseTiming,
  msUntilRenewDeadline,
  type ObservedLease,
  observeLease,
  parseLease,
} from './lease.ts'

export interface LeaderElectorDeps {
  readonly api: KubernetesApi
  readonly log: Log
  readonly namespace: string
  readonly name: string
  /** Must be unique among all processes, at all times. */
  readonly identity: string
  /** A clock that is never set. */
  monotonicMs(): number
  /** The wall clock. It only dates the Lease for its readers. */
  nowMs(): number
  sleep(ms: number, signal: AbortSignal): Promise<void>
  /** From 0 to 1. */
  random(): number
  readonly timing?: LeaseTiming
}

export interface LeaderElector {
  /**
   * Whether this process may act at this moment. Call it before each action: a process that was frozen learns here that it
   * lost the lease, before any of its timers fires.
   */
  leads(): boolean
  /**
   * Runs `lead` whenever this process holds the lease. Its signal is aborted if the lease is lost, before another process
   * can take over, or if `signal` is aborted; `lead` must return then. At the end the lease is released. Failures of the API
   * do not reject.
   */
  run(lead: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void>
}

/** What one process knows of the election. */
interface Election {
  readonly deps: LeaderElectorDeps
  readonly timing: LeaseTiming
  readonly leasesPath: string
  readonly leasePath: string
  /** The Lease as it was last read or written; undefined if it does not exist, or was not read yet. */
  observed: ObservedLease | undefined
  leadership: Leadership
  /** The problem that was logged last, so that it is logged once. */
  loggedProblem: string
}

/** Leader election as in client-go: by a Lease, with optimistic writes, and with each process's own clock. */
export function createLeaderElector(deps: LeaderElectorDeps): LeaderElector {
  const leasesPath = `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(deps.namespace)}/leases`
  const election: Election = {
    deps,
    timing: deps.timing ?? leaseTiming,
    leasesPath,
    leasePath: `${leasesPath}/${encodeURIComponent(deps.name)}`,
    observed: undefined,
    leadership: { kind: 'none' },
    loggedProblem: '',
  }
  return {
    leads: () => leads(election),
    run: async (lead, signal) => {
      const { timing } = election
      while (!signal.aborted) {
        const renewal = await acquireOrRenew(election)
        // A process that was asked to stop during the request must not start to lead.
        if (signal.aborted) await release(election)
        else if (renewal === 'renewed' && leads(election)) await leadOneTerm(election, lead, signal)
        await deps.sleep(timing.retryMs * (1 + deps.random() * 0.2), signal)
      }
    },
  }
}

function leads({ leadership, deps, timing }: Election): boolean {
  return isLeading(leadership, deps.monotonicMs(), timing)
}

/** Runs `lead` until it returns, `signal` is aborted or the lease is lost. Then releases the lease. */
async function leadOneTerm(
  election: Election,
  lead: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { log, name, identity } = election.deps
  const term = new AbortController()
  const stop = () => term.abort()
  const lose: LoseLease = (why) => {
    if (!term.signal.aborted) log.warn({ event: 'leader-lost', lease: name, identity, why })
    election.leadership = { kind: 'none' }
    stop()
  }
  signal.addEventListener('abort', stop, { once: true })
  log.info({ event: 'leader-acquired', lease: name, identity })
  try {
    const loops = [keepRenewing(election, term.signal, lose), enforceDeadline(election, term.signal, lose)]
    await lead(term.signal).finally(stop)
    await Promise.all(loops)
  } finally {
    signal.removeEventListener('abort', stop)
    await release(election)
    election.leadership = { kind: 'none' }
  }
}

type LoseLease = (why: string) => void

async function keepRenewing(election: Election, signal: AbortSignal, lose: LoseLease): Promise<void> {
  const { deps, timing } = election
  while (!signal.aborted) {
    await deps.sleep(timing.retryMs, signal)
    if (signal.aborted) return
    const renewal = await acquireOrRenew(election)
    if (renewal === 'held-by-another') return lose('another process holds the lease')
  }
}

/** Ends the term at the renewal deadline, even if a request of {@link keepRenewing} does not return. */
async function enforceDeadline(election: Election, signal: AbortSignal, lose: LoseLease): Promise<void> {
  const { deps, timing } = election
  while (!signal.aborted) {
    const leftMs = msUntilRenewDeadline(election.leadership, deps.monotonicMs(), timing)
    if (leftMs <= 0) return lose('the lease could not be renewed in time')
    await deps.sleep(leftMs, signal)
  }
}

type Renewal = 'renewed' | 'held-by-another' | 'failed'

/** One attempt to acquire or keep the lease. */
async function acquireOrRenew(election: Election): Promise<Renewal> {
  const { identity } = election.deps
  if (leads(election) && election.observed !== undefined) {
    // Most likely the Lease has not changed since the last write. Otherwise the write conflicts.
    const step = decideLeaseStep(election.observed, identity, readClocks(election))
    if (step.kind === 'take' && (await write(election, step.spec)) === 'renewed') return 'renewed'
  }
  const response = await read(election)
  if (response.kind === 'response' && response.status === 404) {
    election.observed = undefined
    return write(election, createLeaseSpec(identity, readClocks(election)))
  }
  if (election.observed === undefined || response.kind !== 'response' || response.status !== 200) {
    return reportFailure(election, response)
  }
  const step = decideLeaseStep(election.observed, identity, readClocks(election))
  return step.kind === 'wait' ? 'held-by-another' : write(election, step.spec)
}

async function read(election: Election): Promise<ApiResponse> {
  const { deps, timing, leasePath } = election
  const response = await deps.api.request({ method: 'GET', path: leasePath, deadlineMs: timing.renewDeadlineMs / 2 })
  const record = response.kind === 'response' && response.status === 200 ? parseLease(response.body) : undefined
  if (record !== undefined) election.observed = observeLease(election.observed, record, deps.monotonicMs())
  return response
}

async function write(election: Election, spec: LeaseSpec): Promise<Renewal> {
  const { deps, timing, observed, leasesPath, leasePath } = election
  // The lease counts from before the request, because the API server may have stored it at any time since.
  const sentMs = deps.monotonicMs()
  const metadata = observed?.record.metadata ?? { name: deps.name, namespace: deps.namespace }
  const response = await deps.api.request({
    method: observed === undefined ? 'POST' : 'PUT',
    path: observed === undefined ? leasesPath : leasePath,
    body: { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec },
    deadlineMs: timing.renewDeadlineMs / 2,
  })
  const record = response.kind === 'response' && response.status < 300 ? parseLease(response.body) : undefined
  if (record === undefined) return reportFailure(election, response)
  election.observed = { record, sinceMs: sentMs }
  if (record.holder === deps.identity) election.leadership = { kind: 'held', renewedMs: sentMs }
  election.loggedProblem = ''
  return 'renewed'
}

/** Gives the lease up, so that another process does not have to wait until it expires. */
async function release(election: Election): Promise<void> {
  if (!leads(election) || election.observed === undefined) return
  const spec = createReleasedSpec(election.observed.record, election.deps.nowMs())
  // Before the request: from here on this process must not act.
  election.leadership = { kind: 'none' }
  await write(election, spec)
}

function reportFailure(election: Election, response: ApiResponse): Renewal {
  const { log, name } = election.deps
  // Another process wrote the Lease first, so the next attempt reads it again.
  if (response.kind === 'response' && response.status === 409) return 'failed'
  const detail = describeResponse(response)
  if (detail !== election.loggedProblem) log.warn({ event: 'lease-renewal-failed', lease: name, detail })
  election.loggedProblem = detail
  return 'failed'
}

function readClocks({ deps, timing }: Election): LeaseNow {
  return { nowMs: deps.monotonicMs(), wallMs: deps.nowMs(), durationMs: timing.durationMs }
}
