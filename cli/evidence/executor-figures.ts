import { isRecord, toRecord, toText } from '../../core/json.ts'
import { numberField, timeField } from './fields.ts'

/** Of /api/v1/applications/ID/executors: how the driver collects garbage, and how many executors it has. */
export interface ExecutorFigures {
  readonly active: number
  /** Since the driver started; null when Spark does not tell. */
  readonly driverGcMs: number | null
  readonly driverSinceMs: number | null
}

/** Undefined when it is no such answer. `peakMemoryMetrics.TotalGCTime`: org.apache.spark.metrics.GarbageCollectionMetrics. */
export function parseExecutorFigures(value: unknown): ExecutorFigures | undefined {
  if (!Array.isArray(value)) return undefined
  const rows = value.filter(isRecord)
  const driver = rows.find(({ id }) => id === 'driver')
  if (driver === undefined) return undefined
  const sinceMs = Date.parse(toText(driver.addTime ?? '').replace(/GMT$/, 'Z'))
  return {
    active: rows.filter(({ id, isActive }) => id !== 'driver' && isActive === true).length,
    driverGcMs: numberField(toRecord(driver.peakMemoryMetrics), 'TotalGCTime'),
    driverSinceMs: Number.isNaN(sinceMs) ? timeField(driver, 'addTime') : sinceMs,
  }
}
