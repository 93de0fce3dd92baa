import { sparkApplicationApis } from '../../../core/spark/application.ts'
import type { InvolvedObject } from '../../../kubernetes/event.ts'
import type { DriverContext } from '../assess/driver-context.ts'
import type { Driver } from '../driver/driver.ts'

export function toPodReference({ namespace, name, uid }: Driver): InvolvedObject {
  return { apiVersion: 'v1', kind: 'Pod', namespace, name, uid }
}

export function toApplicationReference(driver: Driver, context: DriverContext): InvolvedObject | undefined {
  const { owner, namespace } = driver
  const uid = context.application?.uid
  const api = sparkApplicationApis.find(({ operator }) => operator === owner?.operator)
  if (owner === null || uid === undefined || api === undefined) return undefined
  return { apiVersion: `${api.group}/${api.version}`, kind: 'SparkApplication', namespace, name: owner.name, uid }
}
