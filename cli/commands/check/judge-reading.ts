import type { ReadResult } from '../../cluster/reading.ts'
import { type CheckResult, unknown } from './result.ts'

/** The result of what was read, else unknown, with why. */
export function judgeReading<T>(reading: ReadResult<T>, judge: (value: T) => CheckResult): CheckResult {
  return reading.kind === 'read' ? judge(reading.value) : unknown(reading.detail)
}
