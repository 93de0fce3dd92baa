import { isRecord, numberField, timeField, toRecord, toText } from '../../core/json.ts'

/** From /api/v1/applications/ID/executors: the driver's garbage collection time and the number of executors. */
export interface ExecutorFigures {
  readonly active: number
  /** Garbage collection time since the driver started, or null if Spark does not report it. */
  readonly driverGcMs: number | null
  readonly driverSinceMs: number | null
}

/** Returns undefined if the value is not an executor list. `peakMemoryMetrics.TotalGCTime`: org.apache.spark.metrics.GarbageCollectionMetrics. */
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
