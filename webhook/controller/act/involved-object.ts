import { sparkApplicationApis } from '../../../core/spark/application.ts'
import type { EventSubject } from '../../../kubernetes/event.ts'
import type { Circumstances } from '../assess/driver-context.ts'
import type { DriverObservation } from '../driver/driver.ts'

/** What every line about a driver bears. */
export function identityOf({ namespace, name, uid, application }: DriverObservation) {
  return { namespace, name, uid, application }
}

export function podSubject({ namespace, name, uid }: DriverObservation): EventSubject {
  return { apiVersion: 'v1', kind: 'Pod', namespace, name, uid }
}

export function applicationSubject(driver: DriverObservation, circumstances: Circumstances): EventSubject | undefined {
  const { owner, namespace } = driver
  const uid = circumstances.application?.uid
  const api = sparkApplicationApis.find(({ operator }) => operator === owner?.operator)
  if (owner === null || uid === undefined || api === undefined) return undefined
  return { apiVersion: `${api.group}/${api.version}`, kind: 'SparkApplication', namespace, name: owner.name, uid }
}
