import type { DriverPolicy } from '../core/settings/driver-policy.ts'
import type { Sample } from '../core/verdict/verdict.ts'
import { formatAddress, locateUi, type UiAddress, type UiLocation } from '../spark-ui/ui-address.ts'
import type { UiClient } from '../spark-ui/ui-client.ts'
import type { Log } from './log.ts'
import { computeMaxSearchMs, findUi } from './ui-discovery.ts'

const searchIntervalMs = 5_000
/**
 * A UI that has not answered at its address for this long is searched for elsewhere: the kubelet may have restarted the
 * container of the driver.
 */
const goneAfterMs = 30_000

type FoundLocation = UiLocation & { readonly kind: 'ui' }

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
  /** Whether the verdict is a stall: each poll then reads the jobs, to notice when it ends. */
  readonly stalled: boolean
}

export interface Poll {
  readonly sample: Sample
  /** The longest that the poll can take while the sidecar runs normally. */
  readonly plannedMs: number
}

/** Polls the UI of the driver at whichever address it answers. Remembers that address, and when it last read the jobs. */
export interface Poller {
  poll(request: PollRequest): Promise<Poll>
  /** For /status: the address of the UI, or the reason why there is none. */
  uiStatus(): { readonly ui: string | null; readonly proven: boolean; readonly applicationId: string | null }
  /** Forgets the address: the next driver may have another one. */
  forget(): void
}

export function createPoller(policy: DriverPolicy, deps: PollerDeps): Poller {
  const { uiClient, log } = deps
  const workIntervalMs = Math.max(policy.intervalMs, (policy.stallDeadlineMs ?? 0) / 4)
  let location: UiLocation | undefined
  /** Where the UI has answered as this driver's. It is searched for elsewhere only after `goneAfterMs` without an answer. */
  let proven: UiAddress | undefined
  let aliveMs = Number.NEGATIVE_INFINITY
  let searchedMs = Number.NEGATIVE_INFINITY
  let workReadMs = Number.NEGATIVE_INFINITY

  /** The properties may appear after the sidecar starts, and may change with the next driver. */
  function readLocation(): UiLocation {
    if (proven !== undefined && location !== undefined) return location
    const next = locateUi(policy, deps.readProperties(), deps.podAddresses())
    if (describeUiLocation(next) !== describeUiLocation(location)) {
      const level = next.kind === 'none' ? 'warn' : 'info'
      log[level](
        { ui: describeUiLocation(next) },
        next.kind === 'none' ? 'the Spark UI cannot be polled, never acting' : 'address of the Spark UI changed',
      )
    }
    location = next
    return next
  }

  /** On the network of the node, a page that does not name its application may belong to any driver there. */
  function rejectAnonymous(sample: Sample): Sample {
    if (policy.hostNetwork !== true || sample.kind !== 'alive' || sample.evidence === 'application') return sample
    return { kind: 'other', detail: `an answer on the node’s network that names no application: ${sample.evidence}` }
  }

  async function pollElsewhere(ui: FoundLocation, sample: Sample, request: PollRequest): Promise<Poll> {
    let plannedMs = policy.timeoutMs
    if (request.nowMs - searchedMs >= searchIntervalMs) {
      searchedMs = request.nowMs
      const searched = proven === undefined ? ui : { ...ui, others: [ui.first, ...ui.others] }
      plannedMs += computeMaxSearchMs(searched)
      const found = await findUi(searched, uiClient)
      if (found !== undefined) {
        proven = found
        aliveMs = request.nowMs
        log.info({ ui: formatAddress(found) }, 'Spark UI found on another port')
        return { sample: { kind: 'alive', evidence: 'application' }, plannedMs }
      }
    }
    const { blockManagerPort, first } = ui
    if (sample.kind !== 'refused' || request.answered || blockManagerPort === null) return { sample, plannedMs }
    // SparkContext binds its UI before its block manager, so the program itself has switched its UI off or moved it.
    if (!deps.listeningPorts().has(blockManagerPort)) return { sample, plannedMs }
    const detail = `the driver runs (port ${blockManagerPort} listens), but ${formatAddress(first)} refuses connections: its UI is off or on another port`
    return { sample: { kind: 'other', detail }, plannedMs }
  }

  async function addWork(ui: UiAddress, listedId: string | null, sample: Sample, request: PollRequest): Promise<Poll> {
    const { timeoutMs, stallDeadlineMs } = policy
    const isDue = request.stalled || request.nowMs - workReadMs >= workIntervalMs
    if (stallDeadlineMs === null || listedId === null || sample.kind !== 'alive' || !isDue) {
      return { sample, plannedMs: timeoutMs }
    }
    workReadMs = request.nowMs
    const work = await uiClient.fetchWork(ui, listedId, timeoutMs)
    return { sample: work === undefined ? sample : { ...sample, work }, plannedMs: 2 * timeoutMs }
  }

  function currentUi(): string | null {
    if (proven !== undefined) return formatAddress(proven)
    return location === undefined ? null : describeUiLocation(location)
  }

  return {
    async poll(request) {
      const ui = readLocation()
      if (ui.kind === 'none') return { sample: { kind: 'other', detail: ui.reason }, plannedMs: 0 }
      const address = proven ?? ui.first
      const { sample: polled, listedId } = await uiClient.poll(address, ui.applicationId, policy.timeoutMs)
      const sample = rejectAnonymous(polled)
      if (sample.kind !== 'alive') {
        const isGone = sample.kind !== 'failing' && request.nowMs - aliveMs >= goneAfterMs
        return proven === undefined || isGone
          ? pollElsewhere(ui, sample, request)
          : { sample, plannedMs: policy.timeoutMs }
      }
      aliveMs = request.nowMs
      // The starting page does not prove anything: it may belong to another driver, or to a UI that moves to another port.
      if (sample.evidence !== 'not-started') proven = address
      return addWork(address, listedId, sample, request)
    },
    uiStatus: () => ({
      ui: currentUi(),
      proven: proven !== undefined,
      applicationId: location?.kind === 'ui' ? location.applicationId : policy.applicationId,
    }),
    forget() {
      proven = undefined
      searchedMs = workReadMs = aliveMs = Number.NEGATIVE_INFINITY
    },
  }
}

function describeUiLocation(location: UiLocation | undefined): string {
  if (location === undefined) return ''
  return location.kind === 'none' ? location.reason : formatAddress(location.first)
}
