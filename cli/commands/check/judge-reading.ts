import type { ApiReading } from '../../cluster/reading.ts'
import { type CheckResult, unknown } from './result.ts'

/** Judges the value that was read. If it could not be read, the result is unknown, with the reason. */
export function judgeReading<T>(reading: ApiReading<T>, judge: (value: T) => CheckResult): CheckResult {
  return reading.kind === 'read' ? judge(reading.value) : unknown(reading.detail)
}
