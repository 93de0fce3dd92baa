import { readFileSync } from 'node:fs'
import { parseJson, toRecord } from '../../../core/json.ts'

/** One request of the process under test, as the API server saw it end. */
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

/** Of the requests of a span of time, without watches and Lease: how many for drivers, and how many anyway. */
export function countRequests(requests: readonly AuditedRequest[], fromMs: number, toMs: number) {
  const counted = requests.filter(
    ({ atMs, verb, resource }) => atMs >= fromMs && atMs < toMs && verb !== 'watch' && resource !== 'leases',
  )
  const kinds: Record<string, number> = {}
  for (const { verb, resource } of counted) kinds[`${verb} ${resource}`] = (kinds[`${verb} ${resource}`] ?? 0) + 1
  const constant = counted.filter(isConstant).length
  return { drivers: counted.length - constant, constant, kinds }
}
