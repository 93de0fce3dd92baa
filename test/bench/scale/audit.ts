import { readFileSync } from 'node:fs'
import { parseJson, toRecord } from '../../../core/json.ts'

/** One completed request of the process under test, from the audit log. */
export interface AuditedRequest {
  readonly atMs: number
  readonly verb: string
  /** `pods`, `pods/status`, `leases`; the path where there is none. */
  readonly resource: string
  readonly namespace: string
  readonly name: string
  readonly status: number
}

export function auditedRequests(file: string): readonly AuditedRequest[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const event = toRecord(parseJson(line))
      const { resource, subresource, namespace, name } = toRecord(event.objectRef)
      if (typeof event.verb !== 'string') return []
      return [
        {
          atMs: Date.parse(String(event.requestReceivedTimestamp)),
          verb: event.verb,
          resource:
            resource === undefined ? String(event.requestURI) : [resource, subresource].filter(Boolean).join('/'),
          namespace: String(namespace ?? ''),
          name: String(name ?? ''),
          status: Number(toRecord(event.responseStatus).code),
        },
      ]
    })
}

/** Requests that do not depend on the number of drivers: discovery, and checks for CRDs. */
const isConstant = ({ verb, resource }: AuditedRequest) =>
  (verb === 'create' && resource === 'pods') ||
  resource === '/apis/security.openshift.io' ||
  (verb === 'list' && resource === 'sparkapplications')

/** Counts the requests of a time span, without watches and the Lease: those for drivers, and all others. */
export function countRequests(requests: readonly AuditedRequest[], fromMs: number, toMs: number) {
  const counted = requests.filter(
    ({ atMs, verb, resource }) => atMs >= fromMs && atMs < toMs && verb !== 'watch' && resource !== 'leases',
  )
  const kinds: Record<string, number> = {}
  for (const { verb, resource } of counted) kinds[`${verb} ${resource}`] = (kinds[`${verb} ${resource}`] ?? 0) + 1
  const constant = counted.filter(isConstant).length
  return { drivers: counted.length - constant, constant, kinds }
}
