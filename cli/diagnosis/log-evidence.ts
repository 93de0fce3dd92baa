import type { EvidenceReading } from '../evidence/evidence.ts'
import type { LogReading } from '../log/scan.ts'

/** The log as evidence about a driver. That of an executor says nothing about the driver, so it counts as unreadable. */
export function toLogEvidence(value: LogReading, source: string): EvidenceReading<LogReading> {
  if (!value.isOfExecutor) return { kind: 'read', value, source }
  return { kind: 'unreadable', source, why: 'the log of an executor, not of the driver' }
}
