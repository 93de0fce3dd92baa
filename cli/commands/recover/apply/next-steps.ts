import type { DriverProgress } from '../apply/driver-progress.ts'

/** What to do when the next driver did not come to answer, by how far it came. */
export function nextSteps(
  stage: DriverProgress['kind'],
  namespace: string,
  application: string,
  pod: string | null,
): readonly string[] {
  const diagnose = `spark-nanny diagnose -n ${namespace} --application ${application}`
  switch (stage) {
    case 'no-pod':
      return [
        'Nobody has submitted it: see whether the operator runs, and what it says of the application.',
        'kubectl get pods -A -l app.kubernetes.io/name=spark-operator',
        `kubectl -n ${namespace} describe sparkapplication ${application}`,
      ]
    case 'old-pod':
      return [
        'The driver before has not gone: finalizers, a node that does not answer, or no operator that deletes it.',
        `kubectl -n ${namespace} get pod ${pod ?? 'POD'} -o jsonpath='{.metadata.finalizers} {.metadata.deletionTimestamp} {.spec.nodeName}'`,
      ]
    case 'pending':
      return ['The new driver does not start; see what it waits for.', diagnose]
    case 'running':
      return [
        'The new driver runs and does not answer. Give it its time to start, then see whether it hangs.',
        diagnose,
      ]
    case 'unasked':
      return [
        'Whether it answers needs the right to get pods/proxy, or the sidecar.',
        `kubectl -n ${namespace} logs -f ${pod ?? 'POD'}`,
      ]
    case 'failed':
      return ['The new driver failed too: see whether for the same cause.', diagnose]
    case 'answers':
    case 'completed':
      return []
  }
}

/** Who is to be brought in when. */
const escalation = [
  { afterMinutes: 15, whom: 'the owner of the application, with the report of `spark-nanny diagnose`' },
  { afterMinutes: 30, whom: 'the team that runs the Spark operator and the cluster' },
  { afterMinutes: 60, whom: 'the lead of the incident; decide whether the run is given up' },
] as const

/** The steps of the escalation, with what is due so long after the driver failed; null: since when is not known. */
export function escalationSteps(sinceMs: number | null, nowMs: number): readonly string[] {
  const minutes = sinceMs === null ? null : (nowMs - sinceMs) / 60_000
  return escalation.map(({ afterMinutes, whom }) => {
    const isDue = minutes !== null && minutes >= afterMinutes
    return `after ${afterMinutes} minutes${isDue ? ' (due)' : ''}: ${whom}`
  })
}
