import { listField, textField, toRecord, toText } from '../../../../core/json.ts'
import { type ApiResponse, describeResponse } from '../../../../kubernetes/api.ts'
import { formatPath } from '../../../operator-schemas/schema-problems.ts'
import type { PreflightRule, PreflightSubject, PreflightViolations } from '../evidence.ts'
import { evidenceFor } from '../evidence.ts'

/** Reports what the API server rejects in dry runs of the pods and of the SparkApplication. */
export const dryRuns: PreflightRule = (subject) => {
  const { workload, cluster } = subject
  if (workload === null || cluster === null) return []
  if (cluster.namespace.kind === 'read' && cluster.namespace.value === null) return []
  return [
    ...checkApplication(subject),
    ...(['driver', 'executor'] as const).flatMap((role) => [
      ...checkPod(subject, role, cluster.dryRuns[role]),
      ...checkPodSecurity(subject, role),
    ]),
  ]
}

function checkApplication({ input, workload, cluster, schema }: PreflightSubject): PreflightViolations {
  const response = cluster?.application ?? null
  if (input.kind !== 'application' || workload === null || cluster === null || response === null) return []
  const { name, namespace } = workload
  if (cluster.existing.kind === 'read' && cluster.existing.value) {
    return [
      {
        check: 'nameTaken',
        details: { kind: 'sparkapplication', name: name ?? '', namespace },
        // Applying the file would update the existing application.
        severity: 'warning',
        evidence: evidenceFor(`SparkApplication ${name}`, 'exists'),
      },
    ]
  }
  if (response.kind === 'failed' || response.status === 201 || response.status === 409) return []
  const message = readMessage(response)
  if (response.status === 404) {
    const api = toText(input.object.apiVersion)
    return [{ check: 'operator', details: { api }, evidence: evidenceFor('dry run', message) }]
  }
  if (isMissingOwnAccess(response) || isReportedBySchema(response, schema)) return []
  return [{ check: 'rejected', details: { message }, evidence: evidenceFor('dry run', message) }]
}

/** Whether the comparison with the CRD has already reported every field that the API server names. */
function isReportedBySchema(
  { body }: Extract<ApiResponse, { kind: 'response' }>,
  schema: PreflightSubject['schema'],
): boolean {
  if (schema?.kind !== 'checked') return false
  const reported = new Set(schema.problems.map(({ path }) => formatPath(path)))
  const fields = listRejectedFields(body)
  return fields.length > 0 && fields.every((field) => reported.has(field))
}

/** The fields that a Status names: those of a rejected object, and those that strict validation does not know. */
function listRejectedFields(body: unknown): readonly string[] {
  const { message, details } = toRecord(body)
  const causes = listField(details, 'causes').flatMap((cause) => textField(cause, 'field') ?? [])
  const unknown = typeof message === 'string' ? message.matchAll(/unknown field "([^"]{1,500})"/g) : []
  // Rules that the API server did not get to have no field.
  return [...causes, ...[...unknown].map(([, field = '']) => field)].filter((field) => !/^(<nil>)?$/.test(field))
}

type Role = 'driver' | 'executor'

function checkPod({ workload, cluster }: PreflightSubject, role: Role, response: ApiResponse): PreflightViolations {
  if (workload === null || response.kind === 'failed' || response.status === 201) return []
  if (isMissingOwnAccess(response)) return []
  const message = readMessage(response)
  if (response.status === 409 && /already exists/.test(message)) {
    // The operator deletes the pod of the application's previous run.
    if (cluster?.existing.kind === 'read' && cluster.existing.value) return []
    const details = { kind: 'pod', name: workload[role].metadata?.name ?? '', namespace: workload.namespace }
    return [{ check: 'nameTaken', details, evidence: evidenceFor('dry run', message) }]
  }
  return checkRejection(role, message, cluster)
}

/** Omits rejections that other rules report in more detail, if those rules could read the objects that they need. */
function checkRejection(role: Role, message: string, cluster: PreflightSubject['cluster']): PreflightViolations {
  const evidence = evidenceFor('dry run', message)
  if (isPodSecurity(message) || /error looking up service account/.test(message)) return []
  if (/exceeded quota|failed quota/.test(message)) {
    if (cluster?.quotas.kind === 'read') return []
    const [, quota = 'of the namespace'] = /quota: ([\w.-]+)/.exec(message) ?? []
    return [{ check: 'quota', details: { quota, resource: role, problem: message }, evidence }]
  }
  if (/(minimum|maximum) .* usage per|limit to request ratio/.test(message)) {
    if (cluster?.limitRanges.kind === 'read') return []
    return [{ check: 'limitRange', details: { role, resource: 'amounts', problem: message }, evidence }]
  }
  return [{ check: 'denied', details: { role, message }, evidence }]
}

function checkPodSecurity({ input, cluster }: PreflightSubject, role: Role): PreflightViolations {
  const responses = [cluster?.dryRuns[role], cluster?.bareDryRuns[role]]
  const message = responses.map((response) => (response == null ? '' : readMessage(response))).find(isPodSecurity)
  if (message === undefined) return []
  const violation = {
    check: 'podSecurity',
    details: { role, message },
    evidence: evidenceFor('dry run', message),
  } as const
  // The pod template may set the required fields. It is on the machine that submits, so the check cannot read it.
  return [
    input.conf.entries.has(`spark.kubernetes.${role}.podTemplateFile`)
      ? { ...violation, severity: 'warning' }
      : violation,
  ]
}

const isPodSecurity = (message: string) => message.includes('violates PodSecurity')

/** Whether the dry run failed because the user of this command may not create the object. Another user may be allowed to. */
export function isMissingOwnAccess(response: ApiResponse): boolean {
  return (
    response.kind === 'response' &&
    (response.status === 401 || (response.status === 403 && /cannot create resource/.test(readMessage(response))))
  )
}

/** The message without the name that the API server generated for the pod. */
function readMessage(response: ApiResponse): string {
  const message = response.kind === 'response' ? toRecord(response.body).message : undefined
  return typeof message === 'string' ? message.replace(/^pods "[^"]*" is forbidden: /, '') : describeResponse(response)
}
