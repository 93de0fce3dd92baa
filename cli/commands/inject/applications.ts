import type { AdmissionRequest } from '../../../admission/admission-review.ts'
import { toText } from '../../../core/json.ts'
import { parsePod } from '../../../core/kubernetes/parse-objects.ts'
import { parseSparkApplication, type SparkApplication } from '../../../core/spark/application.ts'
import { type ApplicationLookup, findApplicationReference } from '../../../core/spark/application-reference.ts'
import { type KubernetesObject, mapObjects } from '../../manifests/manifests.ts'
import { UsageError } from '../../options/usage-error.ts'

/** A SparkApplication from a file. A manifest without a namespace matches any namespace. */
export interface ProvidedApplication {
  readonly application: SparkApplication
  readonly anyNamespace: boolean
}

/** Reads the SparkApplications of a file and skips other objects. Throws a UsageError if there is no SparkApplication. */
export function readApplications(
  filename: string,
  documents: readonly KubernetesObject[],
): readonly ProvidedApplication[] {
  const provided: ProvidedApplication[] = []
  mapObjects(documents, (object) => {
    const application = parseSparkApplication(object)
    if (application !== undefined) provided.push({ application, anyNamespace: !hasNamespace(object) })
    return object
  })
  if (provided.length > 0) return provided
  const kinds = documents.map(({ apiVersion, kind }) => `${toText(kind)} of ${toText(apiVersion)}`)
  throw new UsageError(
    `${filename}: contains ${kinds.join(', ')}; expected a SparkApplication of sparkoperator.k8s.io/v1beta2 or spark.apache.org/v1`,
  )
}

/** Finds the SparkApplication that the pod references. If it was not provided, it counts as unreadable. */
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
  const detail =
    applications.length === 0 ? '--application was not set' : 'the file of --application does not contain it'
  return { kind: 'unreadable', reference, detail }
}

function hasNamespace({ metadata }: KubernetesObject): boolean {
  return typeof metadata === 'object' && metadata !== null && 'namespace' in metadata && Boolean(metadata.namespace)
}
