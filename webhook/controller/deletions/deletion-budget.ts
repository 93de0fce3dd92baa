import type { SafeguardsConfig } from '../../config/controller-config.ts'

/** A deletion as the budgets see it. */
export interface BudgetedDeletion {
  readonly atMs: number
  readonly namespace: string
  readonly application: string
  /** Of the pod. */
  readonly uid: string
  /** It counts no more for its application, but for the others of the namespace and of the cluster. */
  readonly lapsed?: boolean
}

/** The scope whose budget is spent, the narrowest first; null: none is. */
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
