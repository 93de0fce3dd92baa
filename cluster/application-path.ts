import { findSparkApplicationApi } from '../core/spark/application.ts'
import type { ApplicationReference } from '../core/spark/application-reference.ts'

/** The path of a SparkApplication in the API. */
export function formatApplicationPath({ operator, namespace, name }: ApplicationReference): string {
  const { group, version } = findSparkApplicationApi(operator)
  return `/apis/${group}/${version}/namespaces/${encodeURIComponent(namespace)}/sparkapplications/${encodeURIComponent(name)}`
}
