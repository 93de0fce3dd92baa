import { addUntilAborted } from '../../../core/abort.ts'
import type { Reflector, ReflectorDeps } from '../../../kubernetes/reflector.ts'
import { createScopedReflector } from '../../../kubernetes/scoped-reflector.ts'
import type { Driver } from './driver.ts'
import { parseDriver } from './parse-driver.ts'

/** Called after each change of the collection. Must not throw. */
export interface DriverListener {
  /** `before`: the same pod before the change. Undefined for a new pod, even if its name is not new. */
  changed(driver: Driver, before: Driver | undefined): void
  gone(driver: Driver): void
}

/** All driver pods of the cluster, in one watch and one cache. */
export interface DriverWatch {
  readonly reflector: Reflector<Driver>
  /** Calls the listener until `signal` is aborted. */
  listen(listener: DriverListener, signal: AbortSignal): void
}

/** More than {@link parseDriver} keeps of any pod: a driver that is not observed could not be let start without its sidecar. */
const maxKeptChars = 65_536

export function watchDrivers(deps: ReflectorDeps): DriverWatch {
  const listeners = new Set<DriverListener>()
  const gone = (driver: Driver) => {
    for (const listener of listeners) listener.gone(driver)
  }
  const reflector = createScopedReflector<Driver>(
    {
      path: '/api/v1/pods',
      labelSelector: 'spark-role=driver',
      maxKeptChars,
      project: parseDriver,
      onChange: (driver, before) => {
        const same = before?.uid === driver.uid
        if (before !== undefined && !same) gone(before)
        for (const listener of listeners) listener.changed(driver, same ? before : undefined)
      },
      onRemove: gone,
    },
    deps,
  )
  return {
    reflector,
    listen: (listener, signal) => addUntilAborted(listeners, listener, signal),
  }
}
