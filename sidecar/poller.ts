import type { DriverPolicy } from '../core/settings/driver-policy.ts'
import type { WantedReading } from '../core/verdict/plan-readings.ts'
import type { Observation, Sample } from '../core/verdict/witnesses.ts'
import { formatAddress, locateUi, type UiAddress, type UiLocation } from '../spark-ui/ui-address.ts'
import type { UiClient } from '../spark-ui/ui-client.ts'
import type { Readings } from '../spark-ui/witness-sources.ts'
import type { SidecarLog } from './log.ts'
import { createReadingAccount, type ReadingAccount, type ReadingRecord } from './reading-account.ts'
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
  readonly log: SidecarLog
}

export interface PollRequest {
  readonly nowMs: number
  readonly answered: boolean
  /** The readings that the judge wants, the most important first. A poll makes at most one of them. */
  readonly wanted: readonly WantedReading[]
}

export interface Poll {
  readonly observation: Observation
  /** The longest that the poll can take while the sidecar runs normally. */
  readonly plannedMs: number
  /** How much of its time the poll spent on a reading, after the UI had answered. */
  readonly readingMs: number
}

/** Where the UI of this driver has answered, and the id under which it lists the application. */
export interface ProvenUi {
  readonly address: UiAddress
  readonly listedId: string
}

/** Bytes that the UI has sent: to polls, and to what was read after them. */
export interface RequestedBytes {
  readonly polls: number
  readonly readings: number
}

/**
 * Polls the UI of the driver at whichever address it answers, and remembers that address. After a poll that the UI answers,
 * it makes at most one of the readings that are wanted, in the time that is left of the poll's timeout: the next poll is
 * never later than after a slow answer. A healthy driver is asked for at most twice the bytes of the polls alone; see
 * ReadingAccount.
 */
export interface Poller {
  poll(request: PollRequest): Promise<Poll>
  /** For /status: the address of the UI, or the reason why there is none. */
  uiStatus(): { readonly ui: string | null; readonly proven: boolean; readonly applicationId: string | null }
  /** Null until the UI has listed the application. */
  provenUi(): ProvenUi | null
  /** When each witness was read, by the clock of `PollRequest.nowMs`. */
  readings(): readonly ReadingRecord[]
  requestedBytes(): RequestedBytes
  /** Forgets the address: the next driver may have another one. */
  forget(): void
}

/** What a poller knows of the UI. Times are of the monotonic clock; -Infinity if there was none yet. */
interface PollerState {
  readonly policy: DriverPolicy
  readonly deps: PollerDeps
  readonly account: ReadingAccount
  location: UiLocation | undefined
  /** Where the UI has answered as this driver's. It is searched for elsewhere only after `goneAfterMs` without an answer. */
  proven: UiAddress | undefined
  listedId: string | null
  aliveMs: number
  searchedMs: number
  polledBytes: number
}

const never = Number.NEGATIVE_INFINITY

export function createPoller(policy: DriverPolicy, deps: PollerDeps): Poller {
  const state: PollerState = {
    policy,
    deps,
    account: createReadingAccount(),
    location: undefined,
    proven: undefined,
    listedId: null,
    aliveMs: never,
    searchedMs: never,
    polledBytes: 0,
  }
  return {
    poll: (request) => pollUi(state, request),
    uiStatus: () => ({
      ui: formatCurrentUi(state),
      proven: state.proven !== undefined,
      applicationId: state.location?.kind === 'ui' ? state.location.applicationId : policy.applicationId,
    }),
    provenUi: () =>
      state.proven === undefined || state.listedId === null
        ? null
        : { address: state.proven, listedId: state.listedId },
    readings: () => state.account.records(),
    requestedBytes: () => ({ polls: state.polledBytes, readings: state.account.spentBytes() }),
    forget() {
      state.proven = undefined
      state.listedId = null
      state.searchedMs = state.aliveMs = never
      state.account.forget()
    },
  }
}

async function pollUi(state: PollerState, request: PollRequest): Promise<Poll> {
  const { policy, deps } = state
  const ui = readLocation(state)
  if (ui.kind === 'none') return createPoll({ kind: 'other', detail: ui.reason }, 0)
  const address = state.proven ?? ui.first
  const startedMs = performance.now()
  const polled = await deps.uiClient.poll(address, ui.applicationId, policy.timeoutMs)
  state.polledBytes += polled.bytes
  const sample = rejectAnonymous(policy, polled.sample)
  if (sample.kind !== 'alive') {
    const isGone = sample.kind !== 'failing' && request.nowMs - state.aliveMs >= goneAfterMs
    return state.proven === undefined || isGone
      ? pollElsewhere(state, ui, sample, request)
      : createPoll(sample, policy.timeoutMs)
  }
  state.aliveMs = request.nowMs
  // The starting page does not prove anything: it may belong to another driver, or to a UI that moves to another port.
  if (sample.evidence !== 'not-started') state.proven = address
  if (polled.listedId === null) return createPoll(sample, policy.timeoutMs)
  state.listedId = polled.listedId
  state.account.credit(polled.bytes)
  const proven = { address, listedId: polled.listedId }
  const answeredMs = performance.now()
  const made = await readWanted(state, proven, request, policy.timeoutMs - (answeredMs - startedMs))
  const readingMs = performance.now() - answeredMs
  return { observation: { ui: sample, ...made }, plannedMs: policy.timeoutMs, readingMs }
}

/** A poll without a reading. */
const createPoll = (ui: Sample, plannedMs: number): Poll => ({ observation: { ui }, plannedMs, readingMs: 0 })

/** The properties may appear after the sidecar starts, and may change with the next driver. */
function readLocation(state: PollerState): UiLocation {
  const { policy, deps } = state
  if (state.proven !== undefined && state.location !== undefined) return state.location
  const next = locateUi(policy, deps.readProperties(), deps.podAddresses())
  const ui = describeUiLocation(next)
  if (ui !== describeUiLocation(state.location)) {
    if (next.kind === 'none') deps.log.warn({ ui }, 'the Spark UI cannot be polled, never acting')
    else deps.log.info({ ui }, 'address of the Spark UI changed')
  }
  state.location = next
  return next
}

/** On the network of the node, a page that does not name its application may belong to any driver there. */
function rejectAnonymous(policy: DriverPolicy, sample: Sample): Sample {
  if (policy.hostNetwork !== true || sample.kind !== 'alive' || sample.evidence === 'application') return sample
  return { kind: 'other', detail: `an answer on the node’s network that names no application: ${sample.evidence}` }
}

async function pollElsewhere(
  state: PollerState,
  ui: FoundLocation,
  sample: Sample,
  request: PollRequest,
): Promise<Poll> {
  const { policy, deps } = state
  let plannedMs = policy.timeoutMs
  if (request.nowMs - state.searchedMs >= searchIntervalMs) {
    state.searchedMs = request.nowMs
    const searched = state.proven === undefined ? ui : { ...ui, others: [ui.first, ...ui.others] }
    plannedMs += computeMaxSearchMs(searched)
    const found = await findUi(searched, deps.uiClient)
    if (found !== undefined) {
      state.proven = found
      state.aliveMs = request.nowMs
      deps.log.info({ ui: formatAddress(found) }, 'Spark UI found on another port')
      return createPoll({ kind: 'alive', evidence: 'application' }, plannedMs)
    }
  }
  return createPoll(explainRefusal(deps, ui, sample, request), plannedMs)
}

/**
 * SparkContext binds its UI before its block manager. If only the block manager's port listens, the program itself has
 * switched its UI off or moved it, and the refused connection proves nothing.
 */
function explainRefusal(deps: PollerDeps, ui: FoundLocation, sample: Sample, { answered }: PollRequest): Sample {
  const { blockManagerPort, first } = ui
  if (sample.kind !== 'refused' || answered || blockManagerPort === null) return sample
  if (!deps.listeningPorts().has(blockManagerPort)) return sample
  const detail = `the driver runs (port ${blockManagerPort} listens), but ${formatAddress(first)} refuses connections: its UI is off or on another port`
  return { kind: 'other', detail }
}

/** The least part of the timeout in which a reading is tried: in less time it would fail more often than it would help. */
const minReadingShare = 0.1

/** Makes one of the readings that are wanted. */
async function readWanted(
  { policy, deps, account }: PollerState,
  { address, listedId }: ProvenUi,
  { wanted, nowMs }: PollRequest,
  leftMs: number,
): Promise<Readings & Pick<Observation, 'requested'>> {
  const witness = leftMs < policy.timeoutMs * minReadingShare ? undefined : account.choose(wanted)
  if (witness === undefined) return {}
  const { readings, bytes } = await deps.uiClient.read(witness, address, listedId, leftMs)
  account.record(witness, bytes, readings[witness] !== undefined, nowMs)
  return { ...readings, requested: [witness] }
}

function formatCurrentUi({ proven, location }: PollerState): string | null {
  if (proven !== undefined) return formatAddress(proven)
  return location === undefined ? null : describeUiLocation(location)
}

function describeUiLocation(location: UiLocation | undefined): string {
  if (location === undefined) return ''
  return location.kind === 'none' ? location.reason : formatAddress(location.first)
}
