import type { Pod } from '../kubernetes/pod.ts'
import { type SparkApplication, type SparkOperator, sparkApplicationApis } from './application.ts'

/** The SparkApplication that a driver pod names as its own. */
export interface ApplicationReference {
  readonly operator: SparkOperator
  readonly namespace: string
  readonly name: string
  /** Null if only a label names it. */
  readonly uid: string | null
}

/** The result of a lookup. `none`: the pod names no SparkApplication, or only a label names one and it does not exist. */
export type ApplicationLookup =
  | { readonly kind: 'none' }
  | { readonly kind: 'found'; readonly application: SparkApplication }
  | { readonly kind: 'unreadable'; readonly reference: ApplicationReference; readonly detail: string }

/** The operator whose application the driver belongs to. What the pod names counts even if the application cannot be read. */
export function findOwningOperator(lookup: ApplicationLookup): SparkOperator | null {
  switch (lookup.kind) {
    case 'none':
      return null
    case 'found':
      return lookup.application.operator
    case 'unreadable':
      return lookup.reference.operator
  }
}

/** The longest name that an API server accepts. */
const maxNameLength = 253
const isName = (text: string) => text !== '' && text.length <= maxNameLength

/** Finds it by the ownerReferences, else by the label that the operator writes. */
export function findApplicationReference(pod: Pod, namespace: string): ApplicationReference | undefined {
  const { ownerReferences, labels } = pod.metadata ?? {}
  for (const { operator, group } of sparkApplicationApis) {
    const owner = ownerReferences?.find(
      ({ apiVersion, kind, name }) => kind === 'SparkApplication' && apiVersion.startsWith(`${group}/`) && isName(name),
    )
    if (owner !== undefined) return { operator, namespace, name: owner.name, uid: owner.uid }
  }
  for (const { operator, nameLabel } of sparkApplicationApis) {
    const name = labels?.[nameLabel]
    if (name !== undefined && isName(name)) return { operator, namespace, name, uid: null }
  }
  return undefined
}
