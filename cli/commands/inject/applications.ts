import type { AdmissionRequest } from '../../../admission/admission-review.ts'
import { toText } from '../../../core/json.ts'
import { parsePod } from '../../../core/kubernetes/parse-objects.ts'
import { parseSparkApplication, type SparkApplication } from '../../../core/spark/application.ts'
import { type ApplicationLookup, findApplicationReference } from '../../../core/spark/application-reference.ts'
import { type KubernetesObject, mapObjects } from '../../manifests/manifests.ts'
import { UsageError } from '../../options/usage-error.ts'

/** A SparkApplication of a file. A manifest often names no namespace: then it is of any. */
export interface ProvidedApplication {
  readonly application: SparkApplication
  readonly anyNamespace: boolean
}

/** The SparkApplications of the file; other objects in it are passed over. Throws a UsageError when there is none. */
export function readApplications(
  filename: string,
  documents: readonly KubernetesObject[],
): readonly ProvidedApplication[] {
  const given: ProvidedApplication[] = []
  mapObjects(documents, (object) => {
    const application = parseSparkApplication(object)
    if (application !== undefined) given.push({ application, anyNamespace: !hasNamespace(object) })
    return object
  })
  if (given.length > 0) return given
  const kinds = documents.map(({ apiVersion, kind }) => `${toText(kind)} of ${toText(apiVersion)}`)
  throw new UsageError(
    `${filename}: holds ${kinds.join(', ')}; expected a SparkApplication of sparkoperator.k8s.io/v1beta2 or spark.apache.org/v1`,
  )
}

/** The SparkApplication that the request's pod names; one that was not given counts as one that cannot be read. */
export function lookUpApplication(
  request: AdmissionRequest,
  applications: readonly ProvidedApplication[],
): ApplicationLookup {
  const pod = request.kind.kind === 'Pod' ? parsePod(request.object) : undefined
  const reference = pod === undefined ? undefined : findApplicationReference(pod, request.namespace)
  if (reference === undefined) return { kind: 'none' }
  const found = applications.find(
    ({ application: { operator, name, namespace }, anyNamespace }) =>
      operator === reference.operator && name === reference.name && (anyNamespace || namespace === reference.namespace),
  )
  if (found !== undefined) return { kind: 'found', application: found.application }
  const detail = applications.length === 0 ? 'no --application was given' : 'it is not in the file of --application'
  return { kind: 'unreadable', reference, detail }
}

function hasNamespace({ metadata }: KubernetesObject): boolean {
  return typeof metadata === 'object' && metadata !== null && 'namespace' in metadata && Boolean(metadata.namespace)
}
