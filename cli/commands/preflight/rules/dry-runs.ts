import { toRecord, toText } from '../../../../core/json.ts'
import { type ApiResponse, describeResponse } from '../../../../kubernetes/api.ts'
import type { PreflightRule, PreflightSubject, PreflightViolations } from '../evidence.ts'
import { evidenceFor } from '../evidence.ts'

/** What the API server itself says to the pods and to the SparkApplication. */
export const dryRuns: PreflightRule = (subject) => {
  const { workload, cluster } = subject
  if (workload === null || cluster === null) return []
  if (cluster.namespace.kind === 'read' && cluster.namespace.value === null) return []
  return [
    ...application(subject),
    ...(['driver', 'executor'] as const).flatMap((role) => [
      ...pod(subject, role, cluster.dryRuns[role]),
      ...podSecurity(subject, role),
    ]),
  ]
}

function application({ input, workload, cluster }: PreflightSubject): PreflightViolations {
  const answer = cluster?.application ?? null
  if (input.kind !== 'application' || workload === null || cluster === null || answer === null) return []
  const { name, namespace } = workload
  if (cluster.existing.kind === 'read' && cluster.existing.value) {
    return [
      {
        check: 'nameTaken',
        details: { kind: 'sparkapplication', name: name ?? '', namespace },
        // Applied over the old one it is an update, not a submission.
        severity: 'warning',
        evidence: evidenceFor(`SparkApplication ${name}`, 'exists'),
      },
    ]
  }
  if (answer.kind === 'failed' || answer.status === 201 || answer.status === 409) return []
  const message = messageOf(answer)
  if (answer.status === 404) {
    const api = toText(input.object.apiVersion)
    return [{ check: 'operator', details: { api }, evidence: evidenceFor('dry run', message) }]
  }
  if (isMissingOwnAccess(answer)) return []
  return [{ check: 'rejected', details: { message }, evidence: evidenceFor('dry run', message) }]
}

function pod(
  { workload, cluster }: PreflightSubject,
  role: 'driver' | 'executor',
  answer: ApiResponse,
): PreflightViolations {
  if (workload === null || answer.kind === 'failed' || answer.status === 201 || isMissingOwnAccess(answer)) return []
  const message = messageOf(answer)
  const evidence = evidenceFor('dry run', message)
  const { namespace } = workload
  if (answer.status === 409 && /already exists/.test(message)) {
    // Its operator removes the last one's.
    if (cluster?.existing.kind === 'read' && cluster.existing.value) return []
    const name = workload[role].metadata?.name ?? ''
    return [{ check: 'nameTaken', details: { kind: 'pod', name, namespace }, evidence }]
  }
  if (isPodSecurity(message)) return []
  // Told with its arithmetic by the rules of capacity and references, where those could be read.
  if (/exceeded quota|failed quota/.test(message)) {
    if (cluster?.quotas.kind === 'read') return []
    const [, quota = 'of the namespace'] = /quota: ([\w.-]+)/.exec(message) ?? []
    return [{ check: 'quota', details: { quota, resource: role, problem: message }, evidence }]
  }
  if (/(minimum|maximum) .* usage per|limit to request ratio/.test(message)) {
    if (cluster?.limitRanges.kind === 'read') return []
    return [{ check: 'limitRange', details: { role, resource: 'amounts', problem: message }, evidence }]
  }
  if (/error looking up service account/.test(message)) return []
  return [{ check: 'denied', details: { role, message }, evidence }]
}

function podSecurity({ input, cluster }: PreflightSubject, role: 'driver' | 'executor'): PreflightViolations {
  const answers = [cluster?.dryRuns[role], cluster?.bareDryRuns[role]]
  const message = answers.map((answer) => (answer == null ? '' : messageOf(answer))).find(isPodSecurity)
  if (message === undefined) return []
  const breach = {
    check: 'podSecurity',
    details: { role, message },
    evidence: evidenceFor('dry run', message),
  } as const
  // A template may well state what is asked for; it lies with the one who submits.
  return [
    input.conf.entries.has(`spark.kubernetes.${role}.podTemplateFile`) ? { ...breach, severity: 'warning' } : breach,
  ]
}

const isPodSecurity = (message: string) => message.includes('violates PodSecurity')

/** The caller may not create it; that says nothing of the one who will. */
export function isMissingOwnAccess(answer: ApiResponse): boolean {
  return (
    answer.kind === 'response' &&
    (answer.status === 401 || (answer.status === 403 && /cannot create resource/.test(messageOf(answer))))
  )
}

/** Without the name that the API server made up for the pod. */
function messageOf(answer: ApiResponse): string {
  const message = answer.kind === 'response' ? toRecord(answer.body).message : undefined
  return typeof message === 'string' ? message.replace(/^pods "[^"]*" is forbidden: /, '') : describeResponse(answer)
}
