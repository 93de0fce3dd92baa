import { domain } from '../core/contract/pod-contract.ts'
import { asText, recordOf } from '../core/json.ts'
import { createReflector, type Reflector, type ReflectorEdges } from '../kubernetes/reflector.ts'

/** What is kept of a namespace whose drivers are guarded. */
export interface GuardedNamespace {
  readonly name: string
  /** Its annotations of ours. */
  readonly annotations: Readonly<Record<string, string>>
}

export function keepNamespace(object: unknown): GuardedNamespace | undefined {
  const { name, annotations } = recordOf(recordOf(object).metadata)
  if (typeof name !== 'string') return undefined
  const ours = Object.entries(recordOf(annotations)).filter(([key]) => key.startsWith(`${domain}/`))
  return { name, annotations: Object.fromEntries(ours.map(([key, value]) => [key, asText(value)])) }
}

/** The namespaces that opted in; one that loses its label is gone from here. */
export function watchNamespaces(
  edges: ReflectorEdges,
  labelSelector: string,
  changed: (namespace: string) => void,
): Reflector<GuardedNamespace> {
  return createReflector(
    {
      path: '/api/v1/namespaces',
      labelSelector,
      keep: keepNamespace,
      changed: ({ name }) => changed(name),
      gone: ({ name }) => changed(name),
    },
    edges,
  )
}
