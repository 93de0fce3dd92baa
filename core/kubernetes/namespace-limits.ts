import { toList, toRecord } from '../json.ts'
import type { ResourceRequirements } from './pod.ts'
import type { ResourceName, ResourceSide } from './pod-resources.ts'
import { parseQuantityMilli } from './quantity.ts'

/** What LimitRanges and ResourceQuotas of a namespace say of CPU, memory and all else. Amounts are in thousandths. */
export interface NamespaceLimits {
  readonly container: Bounds
  readonly pod: Bounds
  /** What a container gets that does not say otherwise; absent: nothing. */
  readonly defaults?: Required<ResourceRequirements>
  readonly quotas: readonly QuotaRoom[]
}

/** By resource, the tightest of all LimitRanges. */
export type Bounds = Readonly<Record<ResourceName, Bound>> & Readonly<Record<string, Bound>>

export interface Bound {
  readonly minMilli: number
  readonly maxMilli: number
  /** Most that a limit may be of its request; Infinity: any. */
  readonly maxRatio: number
}

const unbounded: Bound = { minMilli: 0, maxMilli: Infinity, maxRatio: Infinity }

export interface QuotaRoom {
  readonly name: string
  readonly room: readonly { readonly side: ResourceSide; readonly resource: string; readonly leftMilli: number }[]
}

/**
 * The limits of one namespace from its LimitRanges and ResourceQuotas, as the API serves them. A quota for BestEffort
 * pods counts no CPU or memory; those with another scope are taken to hold for every pod, which can only leave a
 * sidecar out.
 */
export function parseNamespaceLimits(
  limitRanges: readonly unknown[],
  resourceQuotas: readonly unknown[],
): NamespaceLimits {
  const items = limitRanges.flatMap((range) => toList(toRecord(toRecord(range).spec).limits)).map(toRecord)
  const containerItems = items.filter(({ type }) => type === 'Container')
  return {
    container: boundsOf(containerItems),
    pod: boundsOf(items.filter(({ type }) => type === 'Pod')),
    defaults: { requests: largest(containerItems, 'defaultRequest'), limits: largest(containerItems, 'default') },
    quotas: resourceQuotas.map(quotaOf).filter(({ room }) => room.length > 0),
  }
}

export const findBound = (bounds: Bounds, resource: string): Bound => bounds[resource] ?? unbounded

/** Whether a container that states no CPU or memory gets some, or is held to some. */
export function setsDefaults({ container, defaults }: NamespaceLimits): boolean {
  return ['cpu', 'memory'].some(
    (name) =>
      isBound(findBound(container, name)) ||
      defaults?.requests[name] !== undefined ||
      defaults?.limits[name] !== undefined,
  )
}

const isBound = ({ minMilli, maxMilli, maxRatio }: Bound) => minMilli > 0 || maxMilli < Infinity || maxRatio < Infinity

function boundsOf(items: readonly Record<string, unknown>[]): Bounds {
  const fields = ['min', 'max', 'maxLimitRequestRatio'] as const
  const names = new Set(items.flatMap((item) => fields.flatMap((field) => Object.keys(toRecord(item[field])))))
  const amounts = (field: (typeof fields)[number], name: string) =>
    items.map((item) => milli(toRecord(item[field])[name])).filter((amount) => amount !== undefined)
  const bound = (name: string): Bound => ({
    minMilli: Math.max(0, ...amounts('min', name)),
    maxMilli: Math.min(Infinity, ...amounts('max', name)),
    maxRatio: Math.min(Infinity, ...amounts('maxLimitRequestRatio', name).map((amount) => amount / 1000)),
  })
  return {
    ...Object.fromEntries([...names].map((name) => [name, bound(name)])),
    cpu: bound('cpu'),
    memory: bound('memory'),
  }
}

/** Of several LimitRanges any may come first; the largest default is the one to reckon with. */
function largest(items: readonly Record<string, unknown>[], field: string): Readonly<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const [name, value] of items.flatMap((item) => Object.entries(toRecord(item[field])))) {
    if ((milli(value) ?? 0) >= (milli(found[name]) ?? 0)) found[name] = String(value)
  }
  return found
}

/** `requests.cpu`, `limits.memory` …; a bare name is that of the requests. */
const quotaKey = /^(?:(requests|limits)\.)?(cpu|memory|ephemeral-storage|hugepages-.+|.+\/.+)$/

function quotaOf(quota: unknown): QuotaRoom {
  const { metadata, spec, status } = toRecord(quota)
  const name = String(toRecord(metadata).name ?? '')
  if (toList(toRecord(spec).scopes).includes('BestEffort')) return { name, room: [] }
  const hard = { ...toRecord(toRecord(spec).hard), ...toRecord(toRecord(status).hard) }
  const used = toRecord(toRecord(status).used)
  const room = Object.entries(hard).flatMap(([key, value]) => {
    const [, side = 'requests', resource] = quotaKey.exec(key) ?? []
    const hardMilli = milli(value)
    if (resource === undefined || hardMilli === undefined || key.startsWith('count/')) return []
    const leftMilli = hardMilli - (milli(used[key]) ?? 0)
    return [{ side: side === 'limits' ? ('limits' as const) : ('requests' as const), resource, leftMilli }]
  })
  return { name, room }
}

const milli = (value: unknown) =>
  typeof value === 'string' || typeof value === 'number' ? parseQuantityMilli(value) : undefined
