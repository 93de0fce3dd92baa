import type { SafeguardsConfig } from '../../config/controller-config.ts'

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

/** Finds the narrowest scope whose budget is exhausted. Null if none is. */
export function findExhaustedScope(
  entries: readonly BudgetedDeletion[],
  { namespace, application }: Pick<BudgetedDeletion, 'namespace' | 'application'>,
  { perApplication, perNamespace, perCluster, windowMs }: SafeguardsConfig,
  nowMs: number,
): 'application' | 'namespace' | 'cluster' | null {
  const recent = entries.filter(({ atMs }) => nowMs - atMs < windowMs)
  const inNamespace = recent.filter((entry) => entry.namespace === namespace)
  const ofApplication = inNamespace.filter((entry) => entry.application === application && entry.lapsed !== true)
  if (ofApplication.length >= perApplication) return 'application'
  if (inNamespace.length >= perNamespace) return 'namespace'
  return recent.length >= perCluster ? 'cluster' : null
}
