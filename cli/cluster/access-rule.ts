/** Permissions on one resource, in the form of an access review. */
export interface AccessRule {
  readonly group: string
  readonly resource: string
  /** Each verb is reviewed separately. */
  readonly verbs: readonly string[]
  /** Name of the object, if the permission is limited to one. */
  readonly name?: string
  /** Empty for all namespaces and for cluster-scoped resources. */
  readonly namespace: string
}

/** A permission for a URL path that does not belong to a resource. */
export interface PathRule {
  readonly path: string
  readonly verb: string
}

export type AccessReviewResult = { readonly what: string; readonly allowed: boolean }

/** `patch pods`, `get secrets/spark-nanny-webhook-tls in spark-nanny`. */
export function describeAccess(verb: string, { group, resource, name, namespace }: Omit<AccessRule, 'verbs'>): string {
  const plural = group === '' ? resource : `${resource}.${group}`
  return `${verb} ${plural}${name === undefined ? '' : `/${name}`}${namespace === '' ? '' : ` in ${namespace}`}`
}
