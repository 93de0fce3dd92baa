import { restartAllContainersRule, restartByExitCodeFields } from '../core/contract/pod-contract.ts'
import { toRecord, toRecords } from '../core/json.ts'
import type { ApiResponse } from '../kubernetes/api.ts'

/** What a server-side dry run proves. `unknown`: it failed for another reason. */
export type ProbeResult = 'yes' | 'no' | 'unknown'

/** What the pod of a dry run contains: a native sidecar, and one of the restart rules. */
export type DryRunRule = 'none' | 'restart-all-containers' | 'restart-by-exit-code'

/**
 * A pod with the shape of an injected one, which satisfies PodSecurity's level `restricted`. A dry run passes through all of
 * admission and validation, and stores nothing.
 */
export function createDryRunPod(rule: DryRunRule): object {
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
          ...(rule === 'restart-all-containers' && { restartPolicyRules: [restartAllContainersRule] }),
        },
      ],
      containers: [{ ...container('driver'), ...(rule === 'restart-by-exit-code' && restartByExitCodeFields) }],
    },
  }
}

export const formatDryRunPath = (namespace: string) =>
  `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods?dryRun=All&fieldManager=spark-nanny`

/** An API server silently drops an unknown field, and a field of a disabled feature. Only the returned pod proves anything. */
export function judgeDryRun(response: ApiResponse, rule: DryRunRule): ProbeResult {
  if (response.kind === 'failed') return 'unknown'
  if (response.status === 201 || response.status === 200) return keepsAll(response.body, rule) ? 'yes' : 'no'
  return response.status === 422 ? 'no' : 'unknown'
}

function keepsAll(pod: unknown, rule: DryRunRule): boolean {
  const { initContainers, containers } = toRecord(toRecord(pod).spec)
  const sidecar = toRecord(toRecords(initContainers).find(({ name }) => name === 'sidecar'))
  const driver = toRecord(toRecords(containers).find(({ name }) => name === 'driver'))
  const keepsRule = ({ restartPolicyRules }: Readonly<Record<string, unknown>>, wanted: string) =>
    toRecords(restartPolicyRules).some(({ action }) => action === wanted)
  if (sidecar.restartPolicy !== 'Always') return false
  switch (rule) {
    case 'none':
      return true
    case 'restart-all-containers':
      return keepsRule(sidecar, restartAllContainersRule.action)
    case 'restart-by-exit-code':
      return driver.restartPolicy === 'Never' && keepsRule(driver, 'Restart')
  }
}
