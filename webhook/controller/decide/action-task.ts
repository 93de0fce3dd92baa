import type { Assessment } from '../assess/assess.ts'
import type { DriverContext } from '../assess/driver-context.ts'
import type { Driver } from '../driver/driver.ts'
import type { Choice } from './choose-action.ts'
import type { DriverState } from './driver-state.ts'

/** One choice to carry out for one driver, with the facts it was based on. */
export interface ActionTask {
  readonly driver: Driver
  readonly assessment: Assessment
  readonly choice: Choice
  readonly context: DriverContext
  readonly state: DriverState
}
