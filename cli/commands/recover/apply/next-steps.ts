import { command } from '../../../../core/shell-command.ts'
import type { DriverProgress } from './driver-progress.ts'

/** What to do if the next driver has not recovered, by how far it came. */
export function nextSteps(
  progress: DriverProgress['kind'],
  namespace: string,
  application: string,
  pod: string | null,
): readonly string[] {
  const diagnose = command`spark-nanny diagnose -n ${namespace} --application ${application}`
  switch (progress) {
    case 'no-pod':
      return [
        'No driver was submitted. Check that the operator is running, and read the application’s status.',
        'kubectl get pods -A -l app.kubernetes.io/name=spark-operator',
        command`kubectl -n ${namespace} describe sparkapplication ${application}`,
      ]
    case 'old-pod':
      return [
        'The previous driver pod still exists. Check its finalizers, its node, and the operator.',
        command`kubectl -n ${namespace} get pod ${pod ?? 'POD'} -o jsonpath='{.metadata.finalizers} {.metadata.deletionTimestamp} {.spec.nodeName}'`,
      ]
    case 'pending':
      return ['The new driver has not started. Check what it is waiting for.', diagnose]
    case 'running':
      return [
        'The new driver is running but does not respond. Allow it time to start, then check whether it hangs.',
        diagnose,
      ]
    case 'response-unknown':
      return [
        'To verify that the driver responds, you need the sidecar or permission to get pods/proxy.',
        command`kubectl -n ${namespace} logs -f ${pod ?? 'POD'}`,
      ]
    case 'failed':
      return ['The new driver has failed too. Check whether the cause is the same.', diagnose]
    case 'responding':
    case 'completed':
      return []
  }
}

/** Whom to involve, by the time since the failure. */
const escalation = [
  { afterMinutes: 15, whom: 'the owner of the application, with the report of `spark-nanny diagnose`' },
  { afterMinutes: 30, whom: 'the team that runs the Spark operator and the cluster' },
  { afterMinutes: 60, whom: 'the incident lead, to decide whether to abandon the run' },
] as const

/** The steps of the escalation. Marks those that are due. `sinceMs` is null if the time of the failure is unknown. */
export function escalationSteps(sinceMs: number | null, nowMs: number): readonly string[] {
  const minutes = sinceMs === null ? null : (nowMs - sinceMs) / 60_000
  return escalation.map(({ afterMinutes, whom }) => {
    const isDue = minutes !== null && minutes >= afterMinutes
    return `after ${afterMinutes} minutes${isDue ? ' (due)' : ''}: ${whom}`
  })
}
