import type { AdmissionRequest } from '../../admission/admission-review.ts'
import type { Admission } from '../../admission/admit.ts'
import { unknownCapabilities } from '../../core/kubernetes/capabilities.ts'
import { createAdmissionHandler } from '../../webhook/server/admission-handler.ts'

/** Admissions without a cluster, as in a process without the Kubernetes API. */
export function createStaticAdmit(): (request: AdmissionRequest) => Admission | Promise<Admission> {
  return createAdmissionHandler({
    fixed: {
      version: '1.2.3',
      sidecar: { image: 'registry.invalid/sidecar:1', imagePullPolicy: 'IfNotPresent' },
      servicesAdmitted: true,
      chartSettings: {},
    },
    lookups: {
      application: () => ({ kind: 'none' }),
      limits: () => null,
      capabilities: () => ({ ...unknownCapabilities, nativeSidecars: true }),
      suspension: () => null,
      injectionKey: () => null,
    },
    recorder: { record: () => {} },
    nowMs: () => performance.now(),
  })
}
