import { toRecord, toTexts } from '../core/json.ts'
import { createReflector, type Reflector, type ReflectorDeps } from '../kubernetes/reflector.ts'
import { pickOwnAnnotations } from './own-annotations.ts'

/** The part of a namespace with protected drivers that is kept in memory. */
export interface LabelledNamespace {
  readonly name: string
  /** Only the annotations of spark-nanny. */
  readonly annotations: Readonly<Record<string, string>>
}

function projectNamespace(object: unknown): LabelledNamespace | undefined {
  const { name, annotations } = toRecord(toRecord(object).metadata)
  if (typeof name !== 'string') return undefined
  return { name, annotations: pickOwnAnnotations(toTexts(annotations)) }
}

/** The namespaces with the opt-in label. A namespace that loses the label is removed. */
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
      maxKeptChars: 65_536,
      onChange: ({ name }) => changed(name),
      onRemove: ({ name }) => changed(name),
    },
    deps,
  )
}
