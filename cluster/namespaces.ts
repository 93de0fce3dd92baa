import { domain } from '../core/contract/pod-contract.ts'
import { toRecord, toText } from '../core/json.ts'
import { createReflector, type Reflector, type ReflectorDeps } from '../kubernetes/reflector.ts'

/** What is kept of a namespace whose drivers are guarded. */
export interface LabelledNamespace {
  readonly name: string
  /** Its annotations of ours. */
  readonly annotations: Readonly<Record<string, string>>
}

export function projectNamespace(object: unknown): LabelledNamespace | undefined {
  const { name, annotations } = toRecord(toRecord(object).metadata)
  if (typeof name !== 'string') return undefined
  const ours = Object.entries(toRecord(annotations)).filter(([key]) => key.startsWith(`${domain}/`))
  return { name, annotations: Object.fromEntries(ours.map(([key, value]) => [key, toText(value)])) }
}

/** The namespaces that opted in; one that loses its label is gone from here. */
export function watchNamespaces(
  deps: ReflectorDeps,
  labelSelector: string,
  changed: (namespace: string) => void,
): Reflector<LabelledNamespace> {
  return createReflector(
    {
      path: '/api/v1/namespaces',
      labelSelector,
      project: projectNamespace,
      onChange: ({ name }) => changed(name),
      onRemove: ({ name }) => changed(name),
    },
    deps,
  )
}
