import type { EvidenceReading } from '../evidence/evidence.ts'
import type { LogReading } from '../log/scan.ts'

/** The log as evidence about a driver. A text that is something else says nothing about the driver, so it counts as unreadable. */
export function toLogEvidence(value: LogReading, source: string): EvidenceReading<LogReading> {
  if (value.foreign === null) return { kind: 'read', value, source }
  return { kind: 'unreadable', source, why: value.foreign }
}
