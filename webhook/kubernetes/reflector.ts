import type { Log } from '../log.ts'
import { answerDetail, type KubernetesApi } from './api.ts'
import { type Collection, type Identified, WatchedCollection } from './collection.ts'

export interface ReflectorEdges {
  readonly api: KubernetesApi
  readonly log: Log
  /** Resolves after `ms` or on abort. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
  /** From 0 to 1. */
  random(): number
}

export interface ReflectorOptions<T> {
  /** Of the collection, for all namespaces: `/api/v1/limitranges`. */
  readonly path: string
  readonly labelSelector?: string
  /** `metadata.name=x`: then a right by resourceName is enough. */
  readonly fieldSelector?: string
  /** What is kept of an object; undefined leaves it out. */
  keep(object: unknown): T | undefined
  /** Called after each object that came or changed, also by a list. */
  changed?(object: T): void
  readonly pageSize?: number
  readonly timing?: Partial<ReflectorTiming>
}

export interface ReflectorTiming {
  readonly listDeadlineMs: number
  /** The server sends a bookmark about every minute: a watch that is silent for longer is dead. */
  readonly idleMs: number
  readonly watchSeconds: number
  readonly firstBackoffMs: number
  readonly maxBackoffMs: number
  /** For a collection that the API does not have: its CRD may come. */
  readonly absentRetryMs: number
}

const defaultTiming: ReflectorTiming = {
  listDeadlineMs: 30_000,
  idleMs: 120_000,
  watchSeconds: 300,
  firstBackoffMs: 500,
  maxBackoffMs: 30_000,
  absentRetryMs: 60_000,
}

export interface Reflector<T> {
  readonly objects: Collection<T>
  /** Whether a whole list has been seen, or the API has no such collection. Stays true through later trouble. */
  synced(): boolean
  /** Lists, then watches, until `signal`; never rejects for what the API or the network does. */
  run(signal: AbortSignal): Promise<void>
}

type Round =
  | { readonly kind: 'listed'; readonly resourceVersion: string }
  | { readonly kind: 'absent' }
  | { readonly kind: 'failed'; readonly detail: string }

/**
 * Keeps a collection as the API has it. A watch that ends is taken up where it ended; 410 or an event that cannot be read
 * lists again; trouble is retried with backoff and jitter, for ever. While it lasts the collection stays as last seen.
 */
export function createReflector<T>(options: ReflectorOptions<T>, edges: ReflectorEdges): Reflector<T> {
  const timing = { ...defaultTiming, ...options.timing }
  const objects = new WatchedCollection(options.keep)
  const { api, log } = edges
  const selector = (['labelSelector', 'fieldSelector'] as const)
    .map((key) => (options[key] === undefined ? '' : `&${key}=${encodeURIComponent(options[key])}`))
    .join('')
  let synced = false

  const list = async (): Promise<Round> => {
    const seen = new Set<string>()
    let next = ''
    for (;;) {
      const path = `${options.path}?limit=${options.pageSize ?? 250}${selector}${next}`
      const answer = await api.request({ method: 'GET', path, deadlineMs: timing.listDeadlineMs })
      if (answer.kind === 'answer' && answer.status === 404) return { kind: 'absent' }
      if (answer.kind === 'failed' || answer.status !== 200) return { kind: 'failed', detail: answerDetail(answer) }
      const page = parsePage(answer.body)
      if (page === undefined) return { kind: 'failed', detail: 'the answer is no list' }
      objects.takePage(page.items, seen)
      next = page.next === '' ? '' : `&continue=${encodeURIComponent(page.next)}`
      if (next === '') {
        objects.retain(seen)
        for (const object of objects.all()) options.changed?.(object)
        return { kind: 'listed', resourceVersion: page.resourceVersion }
      }
    }
  }

  const notify = ({ namespace, name }: Identified) => {
    const object = objects.get(namespace, name)
    if (object !== undefined) options.changed?.(object)
  }

  /** Watches on and on from `since`; returns why it must list again, or undefined after an abort. */
  const watch = async (since: string, backoff: Backoff, signal: AbortSignal): Promise<string | undefined> => {
    let resourceVersion = since
    while (!signal.aborted) {
      const query = `?watch=true&allowWatchBookmarks=true&timeoutSeconds=${timing.watchSeconds}${selector}`
      const path = `${options.path}${query}&resourceVersion=${encodeURIComponent(resourceVersion)}`
      let delayMs = 0
      for await (const item of api.watch(path, timing.idleMs, signal)) {
        if (item.kind === 'failed') {
          if (item.status !== null) return `HTTP ${item.status}: ${item.detail}`
          log.debug({ event: 'watch-ended', path: options.path, detail: item.detail })
          delayMs = backoff.nextMs()
          break
        }
        const outcome = objects.apply(item.event)
        if (outcome.kind === 'relist') return outcome.detail
        resourceVersion = outcome.resourceVersion
        backoff.reset()
        if (outcome.kind === 'set') notify(outcome.key)
      }
      // A server that ends each watch at once must not be asked in a busy loop.
      await edges.sleep(Math.max(delayMs, timing.firstBackoffMs / 5), signal)
    }
    return undefined
  }

  const run = async (signal: AbortSignal): Promise<void> => {
    const backoff = createBackoff(timing, edges.random)
    while (!signal.aborted) {
      const round = await list()
      if (round.kind === 'absent') {
        objects.retain(new Set())
        synced = true
        await edges.sleep(timing.absentRetryMs, signal)
      } else if (round.kind === 'failed') {
        log.warn({ event: 'list-failed', path: options.path, detail: round.detail })
        await edges.sleep(backoff.nextMs(), signal)
      } else {
        if (!synced) log.info({ event: 'synced', path: options.path, objects: objects.size })
        synced = true
        const detail = await watch(round.resourceVersion, backoff, signal)
        if (detail === undefined) return
        log.info({ event: 'relist', path: options.path, detail })
        await edges.sleep(backoff.nextMs(), signal)
      }
    }
  }
  return { objects, synced: () => synced, run }
}

interface Backoff {
  nextMs(): number
  reset(): void
}

/** Doubling, with jitter from half to the whole: replicas must not come back in step. */
function createBackoff({ firstBackoffMs, maxBackoffMs }: ReflectorTiming, random: () => number): Backoff {
  let tries = 0
  return {
    nextMs: () => Math.min(maxBackoffMs, firstBackoffMs * 2 ** Math.min(tries++, 20)) * (0.5 + random() / 2),
    reset: () => {
      tries = 0
    },
  }
}

function parsePage(body: unknown) {
  if (typeof body !== 'object' || body === null || !('items' in body) || !Array.isArray(body.items)) return undefined
  const metadata: unknown = 'metadata' in body ? body.metadata : undefined
  const text = (key: string) => {
    const value: unknown = typeof metadata === 'object' && metadata !== null ? Reflect.get(metadata, key) : undefined
    return typeof value === 'string' ? value : ''
  }
  return { items: body.items as readonly unknown[], next: text('continue'), resourceVersion: text('resourceVersion') }
}
