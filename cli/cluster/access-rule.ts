/** One permission, as an access review asks for it. */
export interface AccessRule {
  readonly group: string
  readonly resource: string
  /** Of all verbs one review each. */
  readonly verbs: readonly string[]
  /** The object's name, where the permission is for one. */
  readonly name?: string
  /** Empty: in all namespaces, or of the cluster. */
  readonly namespace: string
}

/** One permission for a path that is no object. */
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
