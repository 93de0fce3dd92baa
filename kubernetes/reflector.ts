import { type Backoff, createBackoff } from '../core/backoff.ts'
import type { Log } from '../core/log.ts'
import { type ApiResponse, describeResponse, type KubernetesApi } from './api.ts'
import { isAbsent } from './discovery.ts'
import { parsePage } from './list-page.ts'
import { type Collection, WatchedCollection } from './store.ts'

export interface ReflectorDeps {
  readonly api: KubernetesApi
  readonly log: Log
  /** Resolves after `ms` or on abort. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
  /** From 0 to 1. */
  random(): number
  nowMs(): number
}

export interface ReflectorOptions<T> {
  /** Of the collection, for all namespaces: `/api/v1/limitranges`. */
  readonly path: string
  readonly labelSelector?: string
  /** `metadata.name=x`: then a right by resourceName is enough. */
  readonly fieldSelector?: string
  /** What is kept of an object; undefined leaves it out. */
  project(object: unknown): T | undefined
  /** Called after each object that came or changed, also by a list; `before` is what it was, under the same name. */
  onChange?(object: T, before: T | undefined): void
  /** Called after each object that is gone. */
  onRemove?(before: T): void
  readonly pageSize?: number
  readonly timing?: Partial<ReflectorTiming>
}

export interface ReflectorTiming {
  readonly listDeadlineMs: number
  /** The server sends a bookmark about every minute: a watch that is silent for longer is dead. */
  readonly idleMs: number
  readonly watchSeconds: number
  readonly baseMs: number
  readonly capMs: number
  /** For a collection that the API does not have: its CRD may come. */
  readonly absentRetryMs: number
  /** Nothing heard for longer: what is known may be long out of date. */
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
  /** Whether a whole list has been seen, or the API has no such collection. Stays true through later trouble. */
  synced(): boolean
  /** Whether nothing of the collection has been heard for too long: neither a list, nor an event, nor a bookmark. */
  stale(): boolean
  /** Lists, then watches, until `signal`; never rejects for what the API or the network does. */
  run(signal: AbortSignal): Promise<void>
}

type Round =
  | { readonly kind: 'listed'; readonly resourceVersion: string }
  | { readonly kind: 'absent' }
  | { readonly kind: 'failed'; readonly detail: string; readonly retryAfterMs: number }

/** Why a watch ended: `list` again, since what it went on from is of no use, or the process stops. */
type WatchEnd = { readonly kind: 'list'; readonly detail: string } | { readonly kind: 'stopped' }

/** Watches that end well and held nothing, after which it is a list that can be believed. */
const emptyWatchesBeforeList = 3

/**
 * Keeps a collection as the API has it. A watch that ends is taken up where it ended; 410 or an event that cannot be read
 * lists again; trouble is retried with backoff and jitter, for ever, and not before a server that is overloaded (429) asks
 * for it. While it lasts the collection stays as last seen, and after a while it is said that it is stale.
 */
export function createReflector<T>(options: ReflectorOptions<T>, deps: ReflectorDeps): Reflector<T> {
  const timing = { ...defaultTiming, ...options.timing }
  const objects = new WatchedCollection(options.project)
  const { api, log } = deps
  const selector = (['labelSelector', 'fieldSelector'] as const)
    .map((key) => (options[key] === undefined ? '' : `&${key}=${encodeURIComponent(options[key])}`))
    .join('')
  let synced = false
  let heardMs = deps.nowMs()
  let saidStale = false

  const isStale = () => deps.nowMs() - heardMs > timing.staleAfterMs
  const heard = () => {
    heardMs = deps.nowMs()
    if (saidStale) log.info({ event: 'watch-recovered', path: options.path })
    saidStale = false
  }
  const unheard = () => {
    if (isStale() && !saidStale) {
      log.warn({ event: 'watch-stale', path: options.path, silentMs: deps.nowMs() - heardMs })
      saidStale = true
    }
  }
  const notify = () => {
    for (const { now, before } of objects.takeChanges()) {
      if (now !== undefined) options.onChange?.(now, before)
      else if (before !== undefined) options.onRemove?.(before)
    }
  }

  const list = async (): Promise<Round> => {
    const seen = new Set<string>()
    let next = ''
    for (;;) {
      const path = `${options.path}?limit=${options.pageSize ?? 250}${selector}${next}`
      const answer = await api.request({ method: 'GET', path, deadlineMs: timing.listDeadlineMs })
      if (answer.kind === 'response' && answer.status === 404) {
        // What is empty loses nothing by an answer that is not the API server's.
        const isEmpty = synced && objects.size === 0
        if (isEmpty || (await isAbsent(api, options.path, answer, objects.size > 0))) return { kind: 'absent' }
      }
      if (answer.kind === 'failed' || answer.status !== 200) return failed(answer)
      const page = parsePage(answer.body)
      if (page === undefined) return { kind: 'failed', detail: 'the answer is no list', retryAfterMs: 0 }
      heard()
      objects.takePage(page.items, seen)
      // Page by page: to tell of ten thousand objects at once would hold up admissions.
      notify()
      next = page.next === '' ? '' : `&continue=${encodeURIComponent(page.next)}`
      if (next === '') {
        objects.retain(seen)
        notify()
        return { kind: 'listed', resourceVersion: page.resourceVersion }
      }
    }
  }

  /** Watches on and on from `since`. */
  const watch = async (since: string, backoff: Backoff, signal: AbortSignal): Promise<WatchEnd> => {
    let resourceVersion = since
    let emptyWatches = 0
    while (!signal.aborted) {
      const query = `?watch=true&allowWatchBookmarks=true&timeoutSeconds=${timing.watchSeconds}${selector}`
      const path = `${options.path}${query}&resourceVersion=${encodeURIComponent(resourceVersion)}`
      let delayMs = 0
      let ended: 'empty' | 'told' | 'broken' = 'empty'
      for await (const item of api.watch(path, timing.idleMs, signal)) {
        if (item.kind === 'failed') {
          if (item.status !== null && !isTrouble(item.status))
            return { kind: 'list', detail: `HTTP ${item.status}: ${item.detail}` }
          log.debug({ event: 'watch-ended', path: options.path, status: item.status, detail: item.detail })
          delayMs = Math.max(backoff.nextMs(), item.retryAfterMs ?? 0)
          ended = 'broken'
          break
        }
        const outcome = objects.apply(item.event)
        if (outcome.kind === 'relist') return { kind: 'list', detail: outcome.detail }
        resourceVersion = outcome.resourceVersion
        ended = 'told'
        emptyWatches = 0
        backoff.reset()
        heard()
        notify()
      }
      if (ended !== 'told') unheard()
      if (ended === 'empty') {
        // A server sends a bookmark before it ends a watch; one that sends nothing may be leaving events out.
        emptyWatches += 1
        if (emptyWatches >= emptyWatchesBeforeList) return { kind: 'list', detail: 'watches end with nothing in them' }
        delayMs = backoff.nextMs()
      }
      // A server that ends each watch at once must not be asked in a busy loop.
      await deps.sleep(Math.max(delayMs, timing.baseMs / 5), signal)
    }
    return { kind: 'stopped' }
  }

  const run = async (signal: AbortSignal): Promise<void> => {
    const backoff = createBackoff(timing, deps.random)
    while (!signal.aborted) {
      const round = await list()
      if (round.kind === 'absent') {
        objects.retain(new Set())
        notify()
        heard()
        synced = true
        await deps.sleep(timing.absentRetryMs, signal)
      } else if (round.kind === 'failed') {
        log.warn({ event: 'list-failed', path: options.path, detail: round.detail })
        unheard()
        await deps.sleep(Math.max(backoff.nextMs(), round.retryAfterMs), signal)
      } else {
        if (!synced) log.info({ event: 'synced', path: options.path, objects: objects.size })
        synced = true
        const end = await watch(round.resourceVersion, backoff, signal)
        if (end.kind === 'stopped') return
        log.info({ event: 'relist', path: options.path, detail: end.detail })
        await deps.sleep(backoff.nextMs(), signal)
      }
    }
  }
  return { objects, synced: () => synced, stale: isStale, run }
}

function failed(answer: ApiResponse): Round {
  const retryAfterMs = answer.kind === 'response' ? (answer.retryAfterMs ?? 0) : 0
  return { kind: 'failed', detail: describeResponse(answer), retryAfterMs }
}

/** The server's own: the version watched from is as good as before. */
const isTrouble = (status: number) => status === 429 || status >= 500
