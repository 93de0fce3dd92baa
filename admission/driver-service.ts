import type { SkipReason } from '../core/contract/skip-reasons.ts'
import type { Service } from '../core/kubernetes/pod.ts'
import type { Operation } from './json-patch.ts'

export type ServicePlan =
  | { readonly kind: 'publish'; readonly operations: readonly Operation[] }
  | { readonly kind: 'leave'; readonly reason: SkipReason }

/**
 * Executors reach their driver by its headless Service, which has no DNS name until the driver is Ready unless it
 * publishes addresses that are not. Spark names it `<something>-driver-svc`
 * (DriverServiceFeatureStep.DRIVER_SVC_POSTFIX) and selects its own labels, among them the application id. Any other
 * Service is left as its author wants it; then no probe delays the readiness of its driver (`hasOwnService`).
 */
export function planDriverService(service: Service, name: string): ServicePlan {
  const { spec } = service
  const isDrivers =
    (service.metadata?.name ?? name).endsWith('-driver-svc') &&
    spec.selector?.['spark-role'] === 'driver' &&
    spec.selector['spark-app-selector'] !== undefined &&
    spec.clusterIP === 'None'
  if (!isDrivers) return { kind: 'leave', reason: 'not-a-driver-service' }
  if (spec.publishNotReadyAddresses === true) return { kind: 'leave', reason: 'service-already-patched' }
  return { kind: 'publish', operations: [{ op: 'add', path: '/spec/publishNotReadyAddresses', value: true }] }
}
