import { type Backoff, createBackoff } from '../core/backoff.ts'
import type { Log } from '../core/log.ts'
import { type ApiResponse, describeResponse, type KubernetesApi } from './api.ts'
import { isCollectionAbsent } from './discovery.ts'
import { type ListPage, parsePage, requestPage } from './list-page.ts'
import { createPageSize, type PageSize } from './page-size.ts'
import { type Collection, createObjectStore, type ObjectStore, type Refusal } from './store.ts'

export interface ReflectorDeps {
  readonly api: KubernetesApi
  readonly log: Log
  /** Resolves after `ms` or on abort. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
  /** From 0 to 1. */
  random(): number
  nowMs(): number
  /** Set if only some namespaces may be read. See createScopedReflector. */
  readonly scope?: NamespaceScope | null
}

/** What is known of a cluster of which only some namespaces may be read. */
export interface NamespaceScope {
  /** At least one. */
  readonly namespaces: readonly string[]
  /** The version of the oldest kubelet, `[1, 33]`. The nodes themselves cannot be read. */
  readonly oldestKubelet: readonly [number, number]
}

export interface ReflectorOptions<T> {
  /** The collection in all namespaces, such as `/api/v1/limitranges`. */
  readonly path: string
  readonly labelSelector?: string
  /** With `metadata.name=x`, a permission that is limited to this resourceName is enough. */
  readonly fieldSelector?: string
  /**
   * Returns the part of an object to keep. An object for which it returns undefined is left out. It must not keep a slice of a
   * long text, which would keep the whole text.
   */
  project(object: unknown): T | undefined
  /** In characters: an object whose kept part is larger is left out. Without it, no object is. */
  readonly maxKeptChars?: number
  /** Called after an object was added or changed, also by a list. `before` is the object that had this name before. */
  onChange?(object: T, before: T | undefined): void
  /** Called after an object was removed. */
  onRemove?(before: T): void
  /** The maximum number of objects in one page of a list. */
  readonly pageSize?: number
  readonly timing?: Partial<ReflectorTiming>
}

export interface ReflectorTiming {
  readonly listDeadlineMs: number
  /** A watch without data for this long is dead, because the server sends a bookmark about every minute. */
  readonly idleMs: number
  readonly watchSeconds: number
  readonly baseMs: number
  readonly capMs: number
  /** How often a collection that the API does not have is listed again: its CRD may be created. */
  readonly absentRetryMs: number
  /** The collection counts as stale if the API server has sent nothing about it for longer. */
  readonly staleAfterMs: number
}

const defaultTiming: ReflectorTiming = {
  listDeadlineMs: 30_000,
  idleMs: 120_000,
  watchSeconds: 300,
  baseMs: 500,
  capMs: 30_000,
  absentRetryMs: 60_000,
  staleAfterMs: 180_000,
}

export interface Reflector<T> {
  readonly objects: Collection<T>
  /** Whether a complete list was read, or the API has no such collection. Stays true through later failures. */
  synced(): boolean
  /** Resolves once {@link synced} is true. */
  whenSynced(): Promise<void>
  /** Whether the API server has sent nothing about the collection for too long: no list, no event and no bookmark. */
  stale(): boolean
  /** Lists, then watches, until `signal` is aborted. Failures of the API or the network do not reject. */
  run(signal: AbortSignal): Promise<void>
}

/** A list is believed after this many watches in a row that ended normally and without an event. */
const emptyWatchesBeforeList = 3

/** What listing and watching one collection share. */
interface ReflectorState<T> {
  readonly options: ReflectorOptions<T>
  readonly deps: ReflectorDeps
  readonly timing: ReflectorTiming
  readonly objects: ObjectStore<T>
  readonly activity: ActivityTracker
  readonly backoff: Backoff
  /** Kept between lists: a list is as large as the one before. */
  readonly pageSize: PageSize
  /** The selectors as query parameters, each with a leading `&`. */
  readonly selector: string
  synced: boolean
  markSynced(): void
}

/**
 * Keeps a collection equal to the API's. A watch that ends is continued where it ended. After a 410, or an event that cannot
 * be read, the collection is listed again. Failures are retried without end, with backoff and jitter, and not before the
 * time that an overloaded server (429) requests. During failures the collection keeps its last objects, and counts as stale
 * after {@link ReflectorTiming.staleAfterMs}.
 */
export function createReflector<T>(options: ReflectorOptions<T>, deps: ReflectorDeps): Reflector<T> {
  const timing = { ...defaultTiming, ...options.timing }
  const activity = trackActivity(options.path, timing.staleAfterMs, deps)
  const firstSync = Promise.withResolvers<void>()
  const state: ReflectorState<T> = {
    options,
    deps,
    timing,
    objects: createObjectStore(options.project, createRefusal(options, deps)),
    activity,
    backoff: createBackoff(timing, deps.random),
    pageSize: createPageSize(options.pageSize ?? 250),
    selector: formatSelector(options),
    synced: false,
    markSynced: () => {
      state.synced = true
      firstSync.resolve()
    },
  }
  return {
    objects: state.objects,
    synced: () => state.synced,
    whenSynced: () => firstSync.promise,
    stale: activity.isStale,
    run: async (signal) => {
      state.backoff.reset()
      while (!signal.aborted) {
        const delayMs = await listAndWatch(state, signal)
        if (delayMs === 'stopped') return
        await deps.sleep(delayMs, signal)
      }
    },
  }
}

/** Lists the collection and watches it from there. Returns the milliseconds until it must be listed again. */
async function listAndWatch<T>(state: ReflectorState<T>, signal: AbortSignal): Promise<number | 'stopped'> {
  const { options, deps, timing, objects, activity, backoff } = state
  const { path } = options
  const result = await list(state)
  switch (result.kind) {
    case 'absent':
      objects.retain(new Set())
      publishChanges(state)
      activity.recordActivity()
      state.markSynced()
      return timing.absentRetryMs
    case 'failed':
      deps.log.warn({ event: 'list-failed', path, detail: result.detail })
      activity.warnIfStale()
      return Math.max(backoff.nextMs(), result.retryAfterMs)
    case 'listed': {
      if (!state.synced) deps.log.info({ event: 'synced', path, objects: objects.size })
      state.markSynced()
      const end = await watchFrom(state, result.resourceVersion, signal)
      if (end.kind === 'stopped') return 'stopped'
      deps.log.info({ event: 'relist', path, detail: end.detail })
      return backoff.nextMs()
    }
  }
}

type ListResult = { readonly kind: 'listed'; readonly resourceVersion: string } | NoList

type NoList =
  | { readonly kind: 'absent' }
  | { readonly kind: 'failed'; readonly detail: string; readonly retryAfterMs: number }

async function list<T>(state: ReflectorState<T>): Promise<ListResult> {
  const { options, deps, timing, objects, activity, selector, pageSize } = state
  const listed = new Set<string>()
  let continueToken = ''
  for (;;) {
    const request = { path: options.path, selector, continueToken, deadlineMs: timing.listDeadlineMs }
    const response = await requestPage(deps.api, request, pageSize)
    const page = await readPage(state, response)
    if ('kind' in page) return page
    activity.recordActivity()
    objects.putPage(page.items, listed)
    // Page by page, because publishing ten thousand objects at once would delay admissions.
    publishChanges(state)
    if (page.continueToken === '') {
      objects.retain(listed)
      publishChanges(state)
      return { kind: 'listed', resourceVersion: page.resourceVersion }
    }
    continueToken = page.continueToken
  }
}

async function readPage<T>(state: ReflectorState<T>, response: ApiResponse): Promise<ListPage | NoList> {
  const { options, deps, objects, synced } = state
  if (response.kind === 'response' && response.status === 404) {
    // An empty collection loses nothing if the 404 was not the API server's.
    const isKnownEmpty = synced && objects.size === 0
    if (isKnownEmpty || (await isCollectionAbsent(deps.api, options.path, response, objects.size > 0)))
      return { kind: 'absent' }
  }
  if (response.kind === 'failed') return { kind: 'failed', detail: describeResponse(response), retryAfterMs: 0 }
  if (response.status !== 200) {
    return { kind: 'failed', detail: describeResponse(response), retryAfterMs: response.retryAfterMs ?? 0 }
  }
  return parsePage(response.body) ?? { kind: 'failed', detail: 'the response is not a list', retryAfterMs: 0 }
}

/** `relist`: a watch cannot be continued from the last resource version. */
type Relist = { readonly kind: 'relist'; readonly detail: string }

/** Watches from the resource version `since`, in as many watches as it takes. */
async function watchFrom<T>(
  state: ReflectorState<T>,
  since: string,
  signal: AbortSignal,
): Promise<Relist | { readonly kind: 'stopped' }> {
  const { deps, timing, activity, backoff } = state
  let resourceVersion = since
  let emptyWatches = 0
  while (!signal.aborted) {
    const end = await watchOnce(state, resourceVersion, signal)
    if (end.kind === 'relist') return end
    resourceVersion = end.resourceVersion
    if (end.kind === 'failed' || !end.receivedEvents) activity.warnIfStale()
    if (end.receivedEvents) emptyWatches = 0
    let delayMs = 0
    if (end.kind === 'failed') {
      delayMs = Math.max(backoff.nextMs(), end.retryAfterMs)
    } else if (!end.receivedEvents) {
      // A server sends a bookmark before it ends a watch. One that sends nothing may be omitting events.
      emptyWatches += 1
      if (emptyWatches >= emptyWatchesBeforeList) return { kind: 'relist', detail: 'watches end without any event' }
      delayMs = backoff.nextMs()
    }
    // A server that ends each watch immediately must not cause a busy loop.
    await deps.sleep(Math.max(delayMs, timing.baseMs / 5), signal)
  }
  return { kind: 'stopped' }
}

/** How one watch ended, and the resource version from which the next one continues. */
type WatchEnd =
  | { readonly kind: 'ended'; readonly resourceVersion: string; readonly receivedEvents: boolean }
  | {
      readonly kind: 'failed'
      readonly resourceVersion: string
      readonly receivedEvents: boolean
      readonly retryAfterMs: number
    }
  | Relist

async function watchOnce<T>(state: ReflectorState<T>, since: string, signal: AbortSignal): Promise<WatchEnd> {
  const { options, deps, timing, objects, activity, backoff, selector } = state
  const query = `?watch=true&allowWatchBookmarks=true&timeoutSeconds=${timing.watchSeconds}${selector}`
  const path = `${options.path}${query}&resourceVersion=${encodeURIComponent(since)}`
  let resourceVersion = since
  let receivedEvents = false
  for await (const item of deps.api.watch(path, timing.idleMs, signal)) {
    if (item.kind === 'failed') {
      const { status, detail, retryAfterMs = 0 } = item
      if (status !== null && !isServerTrouble(status)) return { kind: 'relist', detail: `HTTP ${status}: ${detail}` }
      deps.log.debug({ event: 'watch-ended', path: options.path, status, detail })
      return { kind: 'failed', resourceVersion, receivedEvents, retryAfterMs }
    }
    const outcome = objects.applyEvent(item.event)
    if (outcome.kind === 'relist') return outcome
    resourceVersion = outcome.resourceVersion
    receivedEvents = true
    backoff.reset()
    activity.recordActivity()
    publishChanges(state)
  }
  return { kind: 'ended', resourceVersion, receivedEvents }
}

function publishChanges<T>({ objects, options }: ReflectorState<T>): void {
  for (const { now, before } of objects.takeChanges()) {
    if (now !== undefined) options.onChange?.(now, before)
    else if (before !== undefined) options.onRemove?.(before)
  }
}

/** A client may write its object as often as it likes. */
const refusalLogIntervalMs = 60_000

/** Refuses objects of which too much would be kept, and logs the latest of them once a minute. */
function createRefusal<T>(
  { path, maxKeptChars = Infinity }: ReflectorOptions<T>,
  { log, nowMs }: ReflectorDeps,
): Refusal {
  let loggedMs = Number.NEGATIVE_INFINITY
  let unlogged = 0
  return {
    maxChars: maxKeptChars,
    refused: ({ namespace, name }) => {
      unlogged += 1
      if (Math.abs(nowMs() - loggedMs) < refusalLogIntervalMs) return
      log.warn({ event: 'object-too-large', path, namespace, name, maxChars: maxKeptChars, refusals: unlogged })
      loggedMs = nowMs()
      unlogged = 0
    },
  }
}

interface ActivityTracker {
  /** Call it when the API server has sent a list, an event or a bookmark. */
  recordActivity(): void
  isStale(): boolean
  /** Logs once that the collection is stale, until there is activity again. */
  warnIfStale(): void
}

function trackActivity(path: string, staleAfterMs: number, { nowMs, log }: ReflectorDeps): ActivityTracker {
  let lastActivityMs = nowMs()
  let hasWarned = false
  const isStale = () => nowMs() - lastActivityMs > staleAfterMs
  return {
    recordActivity() {
      lastActivityMs = nowMs()
      if (hasWarned) log.info({ event: 'watch-recovered', path })
      hasWarned = false
    },
    isStale,
    warnIfStale() {
      if (hasWarned || !isStale()) return
      log.warn({ event: 'watch-stale', path, silentMs: nowMs() - lastActivityMs })
      hasWarned = true
    },
  }
}

function formatSelector<T>(options: ReflectorOptions<T>): string {
  return (['labelSelector', 'fieldSelector'] as const)
    .map((key) => (options[key] === undefined ? '' : `&${key}=${encodeURIComponent(options[key])}`))
    .join('')
}

/** Whether only the server is at fault: the watch can still be continued from the same resource version. */
const isServerTrouble = (status: number) => status === 429 || status >= 500
