import { createReflector, type Reflector, type ReflectorDeps } from '../../../kubernetes/reflector.ts'
import type { Driver } from './driver.ts'
import { parseDriver } from './parse-driver.ts'

/** Told of each change, after it is in the collection. Must not throw. */
export interface DriverListener {
  /** `before` is the same pod as it was; a pod made again under its name has none. */
  changed(driver: Driver, before: Driver | undefined): void
  gone(driver: Driver): void
}

/** All driver pods of the cluster: one watch and one cache for all who look at them. */
export interface DriverWatch {
  readonly reflector: Reflector<Driver>
  /** Until `signal`. */
  listen(listener: DriverListener, signal: AbortSignal): void
}

/** A pod as the API writes it is 15 kB and more: a page must not weigh on the memory of the process. */
const pageSize = 100

export function watchDrivers(edges: ReflectorDeps): DriverWatch {
  const listeners = new Set<DriverListener>()
  const gone = (driver: Driver) => {
    for (const listener of listeners) listener.gone(driver)
  }
  const reflector = createReflector<Driver>(
    {
      path: '/api/v1/pods',
      labelSelector: 'spark-role=driver',
      pageSize,
      project: parseDriver,
      onChange: (driver, before) => {
        const same = before?.uid === driver.uid
        if (before !== undefined && !same) gone(before)
        for (const listener of listeners) listener.changed(driver, same ? before : undefined)
      },
      onRemove: gone,
    },
    edges,
  )
  return {
    reflector,
    listen: (listener, signal) => {
      if (signal.aborted) return
      listeners.add(listener)
      signal.addEventListener('abort', () => listeners.delete(listener), { once: true })
    },
  }
}
