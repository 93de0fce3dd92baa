import { toList, toRecord, toText } from '../../../core/json.ts'
import { findSparkApplicationApi } from '../../../core/spark/application.ts'
import type { KubernetesApi } from '../../../kubernetes/api.ts'
import { getObject } from '../../cluster/requests.ts'
import type { ClusterSchema } from '../../config-checks/schema.ts'
import { parseStructuralSchema } from '../../operator-schemas/structural-schema.ts'
import type { ApplicationInput } from '../../static-checks/input.ts'

/** The schema of the application's kind and version in the cluster's own CRD. Null if it cannot be read. */
export async function readClusterSchema(
  api: KubernetesApi,
  { written, operator }: ApplicationInput,
): Promise<ClusterSchema> {
  const { group } = findSparkApplicationApi(operator)
  const plural = `${toText(written.kind).toLowerCase()}s`
  const crd = await getObject(api, `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${plural}.${group}`)
  if (crd.kind === 'unreadable' || crd.value === null) return null
  const [, version = ''] = toText(written.apiVersion ?? '').split('/')
  const served = toList(toRecord(toRecord(crd.value).spec).versions)
    .map(toRecord)
    .find((one) => one.name === version && one.served === true)
  const schema = toRecord(toRecord(served?.schema).openAPIV3Schema)
  return Object.keys(schema).length === 0 ? null : parseStructuralSchema(schema)
}
