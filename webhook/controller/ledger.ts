import type { RailsConfig } from '../controller-config.ts'

/** A deletion as the budgets see it. */
export interface LedgerEntry {
  readonly atMs: number
  readonly namespace: string
  readonly application: string
  /** Of the pod. */
  readonly uid: string
}

/** The scope whose budget is spent, the narrowest first; null: none is. */
export function exhaustedScope(
  entries: readonly LedgerEntry[],
  { namespace, application }: Pick<LedgerEntry, 'namespace' | 'application'>,
  { perApplication, perNamespace, perCluster, windowMs }: RailsConfig,
  nowMs: number,
): 'application' | 'namespace' | 'cluster' | null {
  const recent = entries.filter(({ atMs }) => nowMs - atMs < windowMs)
  const inNamespace = recent.filter((entry) => entry.namespace === namespace)
  const ofApplication = inNamespace.filter((entry) => entry.application === application)
  if (ofApplication.length >= perApplication) return 'application'
  if (inNamespace.length >= perNamespace) return 'namespace'
  return recent.length >= perCluster ? 'cluster' : null
}

/**
 * Whether so many drivers are unhealthy that the fault is likely not theirs: more than one, and more than the share.
 * Those deleted lately for it count as unhealthy still, or a fault that goes around would be fed one by one.
 */
export function isBreakerOpen(asked: number, unhealthy: number, lately: number, share: number): boolean {
  const sick = unhealthy + lately
  return sick > 1 && sick > share * (asked + lately)
}

/**
 * Whether all of a driver's neighbours (of its node, of its namespace) are unhealthy with it: then it is rather the way
 * to them that is cut.
 */
export function isCutOff(asked: number, unhealthy: number): boolean {
  return asked > 1 && unhealthy === asked
}
