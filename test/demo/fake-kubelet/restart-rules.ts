import type { Container } from '../../../core/kubernetes/pod.ts'

interface RestartRule {
  readonly action?: string
  readonly exitCodes?: { readonly operator?: string; readonly values?: readonly number[] }
}

/** Whether the container's own rules answer this exit code with a restart of all containers (Kubernetes ≥ 1.36). */
export const restartsAllContainers = (container: Container, exitCode: number): boolean =>
  findAction(container, exitCode) === 'RestartAllContainers'

/** Whether they answer it with a restart of this container (Kubernetes ≥ 1.35). */
export const restartsItself = (container: Container, exitCode: number): boolean =>
  findAction(container, exitCode) === 'Restart'

/** The first rule that matches decides. */
function findAction(container: Container, exitCode: number): string | undefined {
  const rules = (container.restartPolicyRules ?? []) as readonly RestartRule[]
  const rule = rules.find(({ exitCodes }) => {
    const listed = exitCodes?.values?.includes(exitCode) ?? false
    return exitCodes?.operator === 'In' ? listed : exitCodes?.operator === 'NotIn' && !listed
  })
  return rule?.action
}
