import type { ResourceName, ResourceSide } from './pod-resources.ts'
import { parseQuantityMilli } from './quantity.ts'

/** What LimitRanges and ResourceQuotas of a namespace say of CPU and memory. Amounts are in thousandths. */
export interface NamespaceLimits {
  readonly container: Bounds
  readonly pod: Bounds
  readonly quotas: readonly Quota[]
}

/** The tightest of all LimitRanges. */
export type Bounds = Readonly<Record<ResourceName, Bound>>

export interface Bound {
  readonly minMilli: number
  readonly maxMilli: number
  /** Most that a limit may be of its request; Infinity: any. */
  readonly maxRatio: number
}

export interface Quota {
  readonly name: string
  readonly room: readonly { readonly side: ResourceSide; readonly resource: ResourceName; readonly leftMilli: number }[]
}

/**
 * The limits of one namespace from its LimitRanges and ResourceQuotas, as the API serves them. A quota for BestEffort
 * pods counts no CPU or memory; those with another scope are taken to hold for every pod, which can only leave a
 * sidecar out.
 */
export function namespaceLimits(limitRanges: readonly unknown[], resourceQuotas: readonly unknown[]): NamespaceLimits {
  const items = limitRanges.flatMap((range) => list(record(record(range).spec).limits)).map(record)
  return {
    container: boundsOf(items.filter(({ type }) => type === 'Container')),
    pod: boundsOf(items.filter(({ type }) => type === 'Pod')),
    quotas: resourceQuotas.map(quotaOf).filter(({ room }) => room.length > 0),
  }
}

/** Whether any bound of a container's CPU or memory is set: then the API server gives defaults to containers too. */
export function isBounded(bounds: Bounds): boolean {
  return [bounds.cpu, bounds.memory].some(
    ({ minMilli, maxMilli, maxRatio }) => minMilli > 0 || maxMilli < Infinity || maxRatio < Infinity,
  )
}

function boundsOf(items: readonly Record<string, unknown>[]): Bounds {
  const amounts = (field: string, name: ResourceName) =>
    items.map((item) => milli(record(item[field])[name])).filter((amount) => amount !== undefined)
  const bound = (name: ResourceName): Bound => ({
    minMilli: Math.max(0, ...amounts('min', name)),
    maxMilli: Math.min(Infinity, ...amounts('max', name)),
    maxRatio: Math.min(Infinity, ...amounts('maxLimitRequestRatio', name).map((amount) => amount / 1000)),
  })
  return { cpu: bound('cpu'), memory: bound('memory') }
}

/** `cpu` and `memory` are other names of `requests.cpu` and `requests.memory`. */
const quotaKeys = [
  ['cpu', 'requests', 'cpu'],
  ['requests.cpu', 'requests', 'cpu'],
  ['limits.cpu', 'limits', 'cpu'],
  ['memory', 'requests', 'memory'],
  ['requests.memory', 'requests', 'memory'],
  ['limits.memory', 'limits', 'memory'],
] as const

function quotaOf(quota: unknown): Quota {
  const { metadata, spec, status } = record(quota)
  const name = String(record(metadata).name ?? '')
  if (list(record(spec).scopes).includes('BestEffort')) return { name, room: [] }
  const hard = { ...record(record(spec).hard), ...record(record(status).hard) }
  const used = record(record(status).used)
  const room = quotaKeys.flatMap(([key, side, resource]) => {
    const hardMilli = milli(hard[key])
    return hardMilli === undefined ? [] : [{ side, resource, leftMilli: hardMilli - (milli(used[key]) ?? 0) }]
  })
  return { name, room }
}

const milli = (value: unknown) =>
  typeof value === 'string' || typeof value === 'number' ? parseQuantityMilli(value) : undefined
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {}
}
