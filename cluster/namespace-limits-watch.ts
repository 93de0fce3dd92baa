import { isRecord, toRecord } from '../core/json.ts'
import { type NamespaceLimits, parseNamespaceLimits } from '../core/kubernetes/namespace-limits.ts'
import type { Reflector, ReflectorDeps } from '../kubernetes/reflector.ts'
import { createScopedReflector } from '../kubernetes/scoped-reflector.ts'

export interface NamespaceLimitsWatch {
  readonly reflectors: readonly Reflector<unknown>[]
  /** Null if the namespace has none, or the two collections have not been listed yet. */
  in(namespace: string): NamespaceLimits | null
}

/** LimitRanges and ResourceQuotas of all namespaces. */
export function watchNamespaceLimits(deps: ReflectorDeps): NamespaceLimitsWatch {
  const watch = (path: string) =>
    createScopedReflector<unknown>({ path, project: projectLimits, maxKeptChars: 65_536 }, deps)
  const limitRanges = watch('/api/v1/limitranges')
  const resourceQuotas = watch('/api/v1/resourcequotas')
  return {
    reflectors: [limitRanges, resourceQuotas],
    in: (namespace) => {
      const ranges = limitRanges.objects.in(namespace)
      const quotas = resourceQuotas.objects.in(namespace)
      const known = limitRanges.synced() && resourceQuotas.synced()
      return known && ranges.length + quotas.length > 0 ? parseNamespaceLimits(ranges, quotas) : null
    },
  }
}

/** The part that limits are computed from. */
function projectLimits(object: unknown): unknown {
  if (!isRecord(object) || !('metadata' in object)) return undefined
  return { metadata: { name: toRecord(object.metadata).name }, spec: object.spec, status: object.status }
}
