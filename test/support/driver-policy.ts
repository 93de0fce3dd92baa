import { toDeadlines } from '../../core/settings/deadlines.ts'
import type { DriverPolicy } from '../../core/settings/driver-policy.ts'
import { resolveSettings } from '../../core/settings/settings.ts'

const { values: defaults } = resolveSettings({})

export const applicationId = 'spark-3dc6e91792d24f94a8b4c565a1d99489'

/** The policy of defaults, in place, with other values where a test wants them. */
export function policyWith(fields: Partial<DriverPolicy> = {}): DriverPolicy {
  return {
    applicationId,
    ui: { scheme: 'http', port: 4040 },
    intervalMs: defaults.interval,
    ...toDeadlines(defaults),
    actOn: defaults['act-on'],
    onHung: { kind: 'restart-all-containers', budget: { maxRestarts: 3, windowMs: 3_600_000, backoffMs: 10_000 } },
    statusPort: 0,
    logLevel: 'info',
    settings: {},
    ...fields,
  }
}
