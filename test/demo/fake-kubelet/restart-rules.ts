import type { Container } from '../../../core/kubernetes/pod.ts'

interface RestartRule {
  readonly action?: string
  readonly exitCodes?: { readonly operator?: string; readonly values?: readonly number[] }
}

/**
 * Whether the container's own rules answer this exit code with a restart of all containers (Kubernetes ≥ 1.36): the
 * first rule that matches decides.
 */
export function restartsAllContainers(container: Container, exitCode: number): boolean {
  const rules = (container.restartPolicyRules ?? []) as readonly RestartRule[]
  const rule = rules.find(({ exitCodes }) => {
    const listed = exitCodes?.values?.includes(exitCode) ?? false
    return exitCodes?.operator === 'In' ? listed : exitCodes?.operator === 'NotIn' && !listed
  })
  return rule?.action === 'RestartAllContainers'
}
