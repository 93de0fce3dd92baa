import type { LabelledNamespace } from '../../../cluster/namespaces.ts'
import type { Collection } from '../../../kubernetes/store.ts'
import { findBlockingSidecar, isImageFailure, type StartupBlock, slowReason } from '../assess/startup-blocked.ts'
import type { Driver, DriverSidecar } from '../driver/driver.ts'
import { createStartRecords, type StartResult } from './start-records.ts'

export interface SidecarImageBreakerDeps {
  /** The image that is injected now. Results of other images do not count. */
  readonly image: string
  /** Number of consecutive failures that suspend injection. */
  readonly threshold: number
  /** The namespaces in which sidecars are injected. */
  readonly namespaces: Pick<Collection<LabelledNamespace>, 'get' | 'all'>
  /** Whether this installation injected the sidecar of the driver, with the image that is injected now. */
  isProven(driver: Driver): boolean
  /** Wall-clock time, comparable with the pods' timestamps. */
  nowMs(): number
  /** Milliseconds of a monotonic clock. */
  monotonicMs(): number
}

/**
 * Whether the sidecar image can be started, derived from the watched pods. Each replica sees the same pods and comes to
 * the same conclusion, even after a restart.
 *
 * Pods belong to tenants, and a tenant can make an image fail, for example with a node that cannot pull it. So only sidecars
 * count that this installation injected, and a namespace decides for its own drivers. For the drivers of other namespaces it
 * counts once, and not at all for those that have seen the image start.
 */
export interface SidecarImageBreaker {
  observe(driver: Driver): void
  forget(driver: Driver): void
  /** How long this process has seen the sidecar block the driver's startup. Null if the sidecar does not block it. */
  startupBlockedForMs(driver: Driver): number | null
  /** The namespaces in which injection is suspended. */
  suspendedNamespaces(): readonly string[]
  /**
   * Why a driver that is admitted now gets no sidecar. Null if it gets one: while suspended, one driver a minute does. This
   * driver is known by its pod, as another that was injected, so that a request which creates no pod takes nothing away.
   */
  suspension(namespace: string): string | null
}

const trialIntervalMs = 60_000
/** Older failures do not count, because the sidecars that have started since may be gone with their drivers. */
const failureWindowMs = 15 * 60_000

/** One tenant has one namespace. */
const minNamespaces = 2

/** A driver whose startup is blocked by its sidecar. */
interface BlockedStartup {
  readonly namespace: string
  readonly seenMs: number
  /** When it was first seen, by the wall clock. */
  readonly dateMs: number
  readonly patienceMs: number
  readonly isSlow: boolean
  /** Whether a sidecar that this installation injected fails because of its image. */
  readonly counts: boolean
}

export function createSidecarImageBreaker(deps: SidecarImageBreakerDeps): SidecarImageBreaker {
  const { image, threshold, namespaces, nowMs, monotonicMs } = deps
  const blocked = new Map<string, BlockedStartup>()
  const records = createStartRecords()
  /** When the newest trial of each namespace was seen, by the monotonic clock. */
  const trials = new Map<string, number>()

  const observeBlock = (driver: Driver, isOwn: boolean): void => {
    const block = findBlockingSidecar(driver)
    if (block === undefined) {
      blocked.delete(driver.uid)
      return
    }
    const counts = isOwn && block.blamesImage && driver.sidecar?.image === image
    const next = { block, counts, namespace: driver.namespace, seenMs: monotonicMs(), dateMs: nowMs() }
    blocked.set(driver.uid, continueBlock(blocked.get(driver.uid), next))
  }

  /** Counts the failures of each namespace since `sinceMs` and since its last success, with drivers that are still blocked. */
  const countFailures = (since: (namespace: string) => number): ReadonlyMap<string, number> => {
    const counts = new Map<string, number>()
    const count = (namespace: string) => counts.set(namespace, (counts.get(namespace) ?? 0) + 1)
    for (const { namespace, uid, atMs } of records.failures()) {
      if (atMs > since(namespace) && !blocked.get(uid)?.counts) count(namespace)
    }
    for (const { namespace, counts: doesCount, dateMs, seenMs, patienceMs } of blocked.values()) {
      const isOverdue = monotonicMs() - seenMs >= patienceMs
      if (doesCount && isOverdue && dateMs > since(namespace)) count(namespace)
    }
    return counts
  }

  /** Returns why injection is suspended in a namespace, for which drivers the image failed; null if it is not. */
  const findSuspensions = (): ((namespace: string) => string | null) => {
    const windowStartMs = nowMs() - failureWindowMs
    const own = countFailures((name) => Math.max(records.lastStartMs(name), windowStartMs))
    if (own.size === 0) return () => null
    const sinceMs = Math.max(records.lastStartMs(), windowStartMs)
    const affected = [...countFailures(() => sinceMs).keys()].filter((name) => namespaces.get('', name) !== undefined)
    const isCommon = affected.length >= Math.max(minNamespaces, threshold)
    return (namespace) => {
      const failures = own.get(namespace) ?? 0
      if (failures >= threshold) return `${failures} drivers of the namespace in a row`
      return isCommon && records.lastStartMs(namespace) <= windowStartMs
        ? `drivers of ${affected.length} namespaces`
        : null
    }
  }

  return {
    observe: (driver) => {
      const { uid, namespace, sidecar } = driver
      if (sidecar === null) return
      const isNew = !records.isKnown(driver)
      const isOwn = deps.isProven(driver) && records.claim(driver)
      if (isOwn && isNew && driver.createdMs > nowMs() - trialIntervalMs && findSuspensions()(namespace) !== null) {
        trials.set(namespace, monotonicMs())
      }
      observeBlock(driver, isOwn)
      const result = isOwn ? findStartResult(sidecar, image) : undefined
      if (result === undefined) return
      records.record(namespace, uid, { ...result, atMs: Math.min(result.atMs, nowMs()) })
    },
    forget: ({ uid }) => void blocked.delete(uid),
    startupBlockedForMs: ({ uid }) => {
      const startup = blocked.get(uid)
      return startup === undefined ? null : monotonicMs() - startup.seenMs
    },
    suspendedNamespaces: () => {
      const find = findSuspensions()
      return [...namespaces.all()].map(({ name }) => name).filter((name) => find(name) !== null)
    },
    suspension: (namespace) => {
      const found = findSuspensions()(namespace)
      const trialMs = trials.get(namespace)
      if (found === null || trialMs === undefined || monotonicMs() - trialMs >= trialIntervalMs) return null
      return `${image} could not be started for ${found}; spark-nanny tries it with one driver a minute`
    },
  }
}

/** A failure that appears only now is dated now; until then the start was only slow. */
function continueBlock(
  before: BlockedStartup | undefined,
  {
    block,
    ...now
  }: Pick<BlockedStartup, 'namespace' | 'seenMs' | 'dateMs' | 'counts'> & { readonly block: StartupBlock },
): BlockedStartup {
  const isSlow = block.reason === slowReason
  const isSameBlock = before !== undefined && (isSlow || !before.isSlow)
  const { seenMs, dateMs } = isSameBlock ? before : now
  return { ...now, seenMs, dateMs, patienceMs: block.patienceMs, isSlow }
}

/** What a pod shows about the start of `image`. Undefined if it shows nothing, or another image. */
function findStartResult({ bypass, image: current, state }: DriverSidecar, image: string): StartResult | undefined {
  if (bypass !== null) {
    const isFailure = bypass.image === image && isImageFailure(bypass.reason)
    return isFailure ? { started: false, atMs: bypass.atMs } : undefined
  }
  if (current !== image || state.kind !== 'running') return undefined
  return { started: true, atMs: state.startedMs }
}
