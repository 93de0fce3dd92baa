import type { DriverPolicy } from '../core/settings/driver-policy.ts'
import type { Sample } from '../core/verdict/verdict.ts'
import { formatAddress, locateUi, type UiAddress, type UiLocation } from '../spark-ui/ui-address.ts'
import type { UiClient } from '../spark-ui/ui-client.ts'
import type { Log } from './log.ts'
import { computeMaxSearchMs, findUi } from './ui-discovery.ts'

const searchEveryMs = 5_000
/** A UI that was there so long ago is looked for elsewhere: the kubelet may have started the driver's container anew. */
const goneAfterMs = 30_000

export interface PollerDeps {
  readonly uiClient: UiClient
  readonly readProperties: () => ReadonlyMap<string, string> | null
  readonly podAddresses: () => readonly string[]
  readonly listeningPorts: () => ReadonlySet<number>
  readonly log: Log
}

export interface PollRequest {
  readonly nowMs: number
  readonly answered: boolean
  /** Whether a stall stands: then each poll looks at the jobs, to see it end. */
  readonly stalled: boolean
}

export interface Poll {
  readonly sample: Sample
  /** At most so long should it have taken. */
  readonly plannedMs: number
}

/** One poll of the driver, wherever its UI is. Remembers where that was, and when it last looked at the jobs. */
export interface Poller {
  poll(request: PollRequest): Promise<Poll>
  /** For /status: where the UI is asked, or why nowhere. */
  uiStatus(): { readonly ui: string | null; readonly proven: boolean; readonly applicationId: string | null }
  /** A new driver comes: nothing is known of it. */
  forget(): void
}

export function createPoller(policy: DriverPolicy, edges: PollerDeps): Poller {
  const { uiClient, log } = edges
  const lookEveryMs = Math.max(policy.intervalMs, (policy.stallDeadlineMs ?? 0) / 4)
  let target: UiLocation | undefined
  /** Where the UI has proven to be this driver's; looked for elsewhere only when it is long gone from there. */
  let proven: UiAddress | undefined
  let aliveMs = Number.NEGATIVE_INFINITY
  let searchedMs = Number.NEGATIVE_INFINITY
  let lookedMs = Number.NEGATIVE_INFINITY

  /** The properties may come late, and be those of the next driver later. */
  function currentTarget(): UiLocation {
    if (proven !== undefined && target !== undefined) return target
    const next = locateUi(policy, edges.readProperties(), edges.podAddresses())
    if (describeUiLocation(next) !== describeUiLocation(target)) {
      const level = next.kind === 'none' ? 'warn' : 'info'
      log[level](
        { ui: describeUiLocation(next) },
        next.kind === 'none' ? 'not watched: never acting' : 'where the UI is asked',
      )
    }
    target = next
    return next
  }

  /** On the node's network a page that names no application may be that of any driver there. */
  function ownSample(sample: Sample): Sample {
    if (policy.hostNetwork !== true || sample.kind !== 'alive' || sample.evidence === 'application') return sample
    return { kind: 'other', detail: `an answer on the node’s network that names no application: ${sample.evidence}` }
  }

  async function elsewhere(ui: UiLocation & { kind: 'ui' }, sample: Sample, request: PollRequest): Promise<Poll> {
    let plannedMs = policy.timeoutMs
    if (request.nowMs - searchedMs >= searchEveryMs) {
      searchedMs = request.nowMs
      const searched = proven === undefined ? ui : { ...ui, others: [ui.first, ...ui.others] }
      plannedMs += computeMaxSearchMs(searched)
      const found = await findUi(searched, uiClient)
      if (found !== undefined) {
        proven = found
        aliveMs = request.nowMs
        log.info({ ui: formatAddress(found) }, 'the UI answers elsewhere')
        return { sample: { kind: 'alive', evidence: 'application' }, plannedMs }
      }
    }
    const { blockManagerPort, first } = ui
    if (sample.kind !== 'refused' || request.answered || blockManagerPort === null) return { sample, plannedMs }
    // SparkContext binds its UI before its block manager: a UI switched off or moved by the program itself.
    if (!edges.listeningPorts().has(blockManagerPort)) return { sample, plannedMs }
    const detail = `the driver runs (port ${blockManagerPort} listens), but ${formatAddress(first)} refuses: its UI is off or elsewhere`
    return { sample: { kind: 'other', detail }, plannedMs }
  }

  async function withWork(ui: UiAddress, listedId: string | null, sample: Sample, request: PollRequest): Promise<Poll> {
    const { timeoutMs, stallDeadlineMs } = policy
    const due = request.stalled || request.nowMs - lookedMs >= lookEveryMs
    if (stallDeadlineMs === null || listedId === null || sample.kind !== 'alive' || !due) {
      return { sample, plannedMs: timeoutMs }
    }
    lookedMs = request.nowMs
    const work = await uiClient.fetchWork(ui, listedId, timeoutMs)
    return { sample: work === undefined ? sample : { ...sample, work }, plannedMs: 2 * timeoutMs }
  }

  return {
    async poll(request) {
      const ui = currentTarget()
      if (ui.kind === 'none') return { sample: { kind: 'other', detail: ui.reason }, plannedMs: 0 }
      const address = proven ?? ui.first
      const { sample: seen, listedId } = await uiClient.poll(address, ui.applicationId, policy.timeoutMs)
      const sample = ownSample(seen)
      if (sample.kind !== 'alive') {
        const isGone = sample.kind !== 'failing' && request.nowMs - aliveMs >= goneAfterMs
        return proven === undefined || isGone ? elsewhere(ui, sample, request) : { sample, plannedMs: policy.timeoutMs }
      }
      aliveMs = request.nowMs
      // The starting page may be that of another driver or of a UI that moves on.
      if (sample.evidence !== 'not-started') proven = address
      return withWork(address, listedId, sample, request)
    },
    uiStatus: () => ({
      ui: target === undefined ? null : proven === undefined ? describeUiLocation(target) : formatAddress(proven),
      proven: proven !== undefined,
      applicationId: target?.kind === 'ui' ? target.applicationId : policy.applicationId,
    }),
    forget() {
      proven = undefined
      searchedMs = lookedMs = aliveMs = Number.NEGATIVE_INFINITY
    },
  }
}

function describeUiLocation(target: UiLocation | undefined): string {
  if (target === undefined) return ''
  return target.kind === 'none' ? target.reason : formatAddress(target.first)
}
