import { restartAllContainersRule } from '../core/contract/pod-contract.ts'
import { toRecord, toRecords } from '../core/json.ts'
import type { ApiResponse } from '../kubernetes/api.ts'

/** What a server-side dry run proves. `unknown`: it failed for another reason. */
export type ProbeResult = 'yes' | 'no' | 'unknown'

/**
 * A pod with the shape of an injected one, which satisfies PodSecurity's level `restricted`. A dry run passes through all of
 * admission and validation, and stores nothing.
 */
export function createDryRunPod(withRule: boolean): object {
  const container = (name: string) => ({
    name,
    image: 'spark-nanny.invalid/dry-run:1',
    resources: { requests: { cpu: '1m', memory: '1Mi' }, limits: { cpu: '10m', memory: '32Mi' } },
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    },
  })
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { generateName: 'spark-nanny-dry-run-' },
    spec: {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      initContainers: [
        {
          ...container('sidecar'),
          restartPolicy: 'Always',
          ...(withRule && { restartPolicyRules: [restartAllContainersRule] }),
        },
      ],
      containers: [container('driver')],
    },
  }
}

export const formatDryRunPath = (namespace: string) =>
  `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods?dryRun=All&fieldManager=spark-nanny`

/** An API server silently drops an unknown field, and a field of a disabled feature. Only the returned pod proves anything. */
export function judgeDryRun(response: ApiResponse, withRule: boolean): ProbeResult {
  if (response.kind === 'failed') return 'unknown'
  const { initContainers } = toRecord(toRecord(response.body).spec)
  if (response.status === 201 || response.status === 200) {
    const sidecar = toRecord(toRecords(initContainers).find(({ name }) => name === 'sidecar'))
    const kept = toRecords(sidecar.restartPolicyRules).some(({ action }) => action === restartAllContainersRule.action)
    return sidecar.restartPolicy === 'Always' && (!withRule || kept) ? 'yes' : 'no'
  }
  return response.status === 422 ? 'no' : 'unknown'
}
