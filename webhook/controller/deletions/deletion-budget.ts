import type { SafeguardsConfig } from '../../config/controller-config.ts'

/**
 * How many times the budget of the cluster all deletions within the window may be. Without this bound, the shares of many
 * namespaces would permit 86 deletions with a budget of 30.
 */
export const maxClusterOverrun = 2

/** A deletion as the budgets see it. */
export interface BudgetedDeletion {
  readonly atMs: number
  readonly namespace: string
  readonly application: string
  /** The uid of the pod. */
  readonly uid: string
  /** If true, the deletion no longer counts for its application, but still for the namespace and the cluster. */
  readonly lapsed?: boolean
}

/**
 * Finds the narrowest scope whose budget is exhausted. Null if none is.
 *
 * The records that this counts are on objects that tenants may edit, and a tenant may have hung drivers without end. So the
 * budget of the cluster counts no namespace for more deletions than the driver's own namespace would then have: whatever the
 * others record, there is a share left for a namespace that has not used it. These shares add up to more than the budget, so
 * that all namespaces together may have at most {@link maxClusterOverrun} times the budget.
 *
 * Of the other namespaces, the unknown ones count as if they had spent their whole budget.
 */
export function findExhaustedScope(
  entries: readonly BudgetedDeletion[],
  { namespace, application }: Pick<BudgetedDeletion, 'namespace' | 'application'>,
  safeguards: SafeguardsConfig,
  nowMs: number,
  unknownNamespaces: ReadonlySet<string> = new Set(),
): 'application' | 'namespace' | 'cluster' | null {
  const { perApplication, perNamespace, perCluster, windowMs } = safeguards
  const recent = entries.filter(({ atMs }) => nowMs - atMs < windowMs)
  const inNamespace = recent.filter((entry) => entry.namespace === namespace)
  const ofApplication = inNamespace.filter((entry) => entry.application === application && entry.lapsed !== true)
  if (ofApplication.length >= perApplication) return 'application'
  if (inNamespace.length >= perNamespace) return 'namespace'
  const withThis = inNamespace.length + 1
  let total = withThis
  let plainTotal = withThis
  const counts = new Map(countByNamespace(recent, safeguards))
  for (const unknown of unknownNamespaces) counts.set(unknown, perNamespace)
  for (const [other, used] of counts) {
    if (other === namespace) continue
    total += Math.min(used, withThis)
    plainTotal += used
  }
  return total > perCluster || plainTotal > maxClusterOverrun * perCluster ? 'cluster' : null
}

/** Deletions by namespace. No application and no namespace counts for more than its own budget, whatever is recorded. */
export function countByNamespace(
  entries: readonly BudgetedDeletion[],
  { perApplication, perNamespace }: Pick<SafeguardsConfig, 'perApplication' | 'perNamespace'>,
): ReadonlyMap<string, number> {
  const byApplication = new Map<string, number>()
  const byNamespace = new Map<string, number>()
  for (const { namespace, application } of entries) {
    const key = `${namespace}/${application}`
    const ofApplication = (byApplication.get(key) ?? 0) + 1
    byApplication.set(key, ofApplication)
    const ofNamespace = byNamespace.get(namespace) ?? 0
    if (ofApplication <= perApplication && ofNamespace < perNamespace) byNamespace.set(namespace, ofNamespace + 1)
  }
  return byNamespace
}
