import type { Finding } from '../../../findings/findings.ts'
import { formatPlace } from '../../../render/report.ts'
import type { PlannedCause } from './plan.ts'

/** The root cause as a plan reports it, with its first piece of evidence. */
export function toPlannedCause({ id, title, confidence, evidence: [first] }: Finding): PlannedCause {
  return {
    id,
    title,
    confidence,
    evidence: first === undefined ? null : { source: formatPlace(first), excerpt: first.excerpt },
  }
}

/** The driver has ended and no finding explains why. */
export const unknownCause: PlannedCause = {
  id: 'unknown',
  title: 'The cause of the driver’s end is unknown',
  confidence: 'low',
  evidence: null,
}
