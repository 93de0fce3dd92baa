import { toList, toRecord, toText } from '../json.ts'
import type { ResourceRequirements } from './pod.ts'
import type { ResourceName, ResourceSide } from './pod-resources.ts'
import { parseQuantityMilli } from './quantity.ts'

/** The limits that LimitRanges and ResourceQuotas of a namespace set for any resource. Amounts are in thousandths. */
export interface NamespaceLimits {
  readonly container: Bounds
  readonly pod: Bounds
  /** The amounts of a container that does not state them. */
  readonly defaults?: Required<ResourceRequirements>
  readonly quotas: readonly QuotaRoom[]
  /** Whether a quota limits the number of Services: one that stays with a completed driver keeps the next from starting. */
  readonly countsServices?: true
}

/** The tightest bounds of all LimitRanges, by resource. */
export type Bounds = Readonly<Record<ResourceName, Bound>> & Readonly<Record<string, Bound>>

export interface Bound {
  readonly minMilli: number
  readonly maxMilli: number
  /** The maximum ratio of a limit to its request. */
  readonly maxRatio: number
}

const unbounded: Bound = { minMilli: 0, maxMilli: Infinity, maxRatio: Infinity }

/** What one ResourceQuota has left. */
export interface QuotaRoom {
  readonly name: string
  readonly room: readonly { readonly side: ResourceSide; readonly resource: string; readonly leftMilli: number }[]
}

/**
 * Parses the LimitRanges and ResourceQuotas of one namespace, as the API serves them. A quota for BestEffort pods does not
 * count CPU or memory. A quota with another scope is applied to every pod, which can at worst prevent a sidecar.
 */
export function parseNamespaceLimits(
  limitRanges: readonly unknown[],
  resourceQuotas: readonly unknown[],
): NamespaceLimits {
  const items = limitRanges.flatMap((range) => toList(toRecord(toRecord(range).spec).limits)).map(toRecord)
  const containerItems = items.filter(({ type }) => type === 'Container')
  return {
    container: parseBounds(containerItems),
    pod: parseBounds(items.filter(({ type }) => type === 'Pod')),
    defaults: {
      requests: findLargestDefaults(containerItems, 'defaultRequest'),
      limits: findLargestDefaults(containerItems, 'default'),
    },
    quotas: resourceQuotas.map(parseQuota).filter(({ room }) => room.length > 0),
    ...(resourceQuotas.some(countsServices) && { countsServices: true }),
  }
}

/** `services` and `count/services` are two names of the same limit. */
function countsServices(quota: unknown): boolean {
  const { spec, status } = toRecord(quota)
  const hard = { ...toRecord(toRecord(spec).hard), ...toRecord(toRecord(status).hard) }
  return 'services' in hard || 'count/services' in hard
}

export const findBound = (bounds: Bounds, resource: string): Bound => bounds[resource] ?? unbounded

/** Whether a container that states no CPU or memory gets defaults, or is checked against bounds. */
export function setsDefaults({ container, defaults }: NamespaceLimits): boolean {
  return ['cpu', 'memory'].some(
    (name) =>
      isBound(findBound(container, name)) ||
      defaults?.requests[name] !== undefined ||
      defaults?.limits[name] !== undefined,
  )
}

const isBound = ({ minMilli, maxMilli, maxRatio }: Bound) => minMilli > 0 || maxMilli < Infinity || maxRatio < Infinity

function parseBounds(items: readonly Record<string, unknown>[]): Bounds {
  const fields = ['min', 'max', 'maxLimitRequestRatio'] as const
  const names = new Set(items.flatMap((item) => fields.flatMap((field) => Object.keys(toRecord(item[field])))))
  const amounts = (field: (typeof fields)[number], name: string) =>
    items.map((item) => parseMilli(toRecord(item[field])[name])).filter((amount) => amount !== undefined)
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

/** The largest default of each resource, because the order in which the API server applies LimitRanges is not defined. */
function findLargestDefaults(
  items: readonly Record<string, unknown>[],
  field: string,
): Readonly<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const [name, value] of items.flatMap((item) => Object.entries(toRecord(item[field])))) {
    if ((parseMilli(value) ?? 0) >= (parseMilli(found[name]) ?? 0)) found[name] = toText(value)
  }
  return found
}

/** `requests.cpu`, `limits.memory` and so on. A name without a prefix means the requests. */
const quotaKey = /^(?:(requests|limits)\.)?(cpu|memory|ephemeral-storage|hugepages-.+|.+\/.+)$/

function parseQuota(quota: unknown): QuotaRoom {
  const { metadata, spec, status } = toRecord(quota)
  const name = toText(toRecord(metadata).name ?? '')
  if (toList(toRecord(spec).scopes).includes('BestEffort')) return { name, room: [] }
  const hard = { ...toRecord(toRecord(spec).hard), ...toRecord(toRecord(status).hard) }
  const used = toRecord(toRecord(status).used)
  const room = Object.entries(hard).flatMap(([key, value]) => {
    const [, side = 'requests', resource] = quotaKey.exec(key) ?? []
    const hardMilli = parseMilli(value)
    if (resource === undefined || hardMilli === undefined || key.startsWith('count/')) return []
    const leftMilli = hardMilli - (parseMilli(used[key]) ?? 0)
    return [{ side: side === 'limits' ? ('limits' as const) : ('requests' as const), resource, leftMilli }]
  })
  return { name, room }
}

const parseMilli = (value: unknown) =>
  typeof value === 'string' || typeof value === 'number' ? parseQuantityMilli(value) : undefined
