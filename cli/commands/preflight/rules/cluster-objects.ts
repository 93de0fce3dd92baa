import { toList, toRecord } from '../../../../core/json.ts'
import type { AccessReviewResult } from '../../../cluster/access-rule.ts'
import type { Reference } from '../../../workload/references.ts'
import type { PreflightRule, PreflightViolation } from '../evidence.ts'
import { evidenceFor } from '../evidence.ts'

/** Checks the namespace, the objects that the pods refer to, and the permissions of their service account. */
export const clusterObjects: PreflightRule = ({ workload, cluster }) => {
  if (workload === null || cluster === null) return []
  const { namespace, serviceAccount } = workload
  if (cluster.namespace.kind === 'read' && cluster.namespace.value === null) {
    return [
      { check: 'namespace', details: { namespace }, evidence: evidenceFor(`namespace ${namespace}`, 'not found') },
    ]
  }
  const violations: PreflightViolation[] = []
  for (const { reference, object } of cluster.references) {
    if (object.kind === 'read') violations.push(...checkReference(reference, object.value, namespace))
  }
  const isAccountMissing = violations.some(
    ({ details: { kind, name } }) => kind === 'ServiceAccount' && name === serviceAccount,
  )
  if (cluster.access.kind === 'read' && !isAccountMissing && serviceAccount !== null) {
    violations.push(...checkAccess(cluster.access.value, serviceAccount, namespace))
  }
  return violations
}

/** `object` is null if the object does not exist. */
function checkReference(
  { kind, name, key, where }: Reference,
  object: unknown,
  namespace: string,
): readonly PreflightViolation[] {
  const details = { kind, name, where, namespace }
  const source = `${kind} ${name}`
  if (object === null) {
    const check = kind === 'ServiceAccount' ? 'account' : 'missing'
    return [{ check, details: { ...details, key: '' }, evidence: evidenceFor(source, 'not found') }]
  }
  const violations: PreflightViolation[] = []
  if (key !== null && !hasKey(object, key)) {
    const evidence = evidenceFor(source, `no key ${key}`)
    violations.push({ check: 'missing', details: { ...details, key: `, key ${key}` }, evidence })
  }
  const problem = kind === 'PersistentVolumeClaim' ? describeClaimProblem(object, where) : undefined
  if (problem !== undefined) {
    violations.push({ check: 'claim', details: { ...details, problem }, evidence: evidenceFor(source, problem) })
  }
  return violations
}

/** Whether a Secret or ConfigMap contains the key. */
function hasKey(object: unknown, key: string): boolean {
  const { data, binaryData, stringData } = toRecord(object)
  return [data, binaryData, stringData].some((map) => Object.hasOwn(toRecord(map), key))
}

/** Reports one finding per resource. A missing `deletecollection` is a warning, because Spark needs it only at the end. */
function checkAccess(
  results: readonly AccessReviewResult[],
  account: string,
  namespace: string,
): readonly PreflightViolation[] {
  const denied = results.filter(({ allowed }) => !allowed).map(({ what }) => what)
  const groups = Map.groupBy(
    denied,
    (what) => `${what.startsWith('deletecollection') ? 'warning' : 'error'} ${what.replace(/^\S+ /, '')}`,
  )
  return [...groups].map(([group, actions]) => {
    const [, severity, object = ''] = /^(\S+) (.*)$/.exec(group) ?? []
    const what = `${actions.map((action) => action.split(' ')[0]).join(', ')} ${object}`
    return {
      check: 'access',
      details: { account, what, namespace },
      severity: severity === 'warning' ? 'warning' : 'error',
      evidence: evidenceFor('SubjectAccessReview', `${what}: no`),
    }
  })
}

function describeClaimProblem(claim: unknown, where: string): string | undefined {
  const { spec, status } = toRecord(claim)
  const phase = toRecord(status).phase
  if (phase === 'Lost') return 'is Lost: its volume no longer exists'
  const modes = toList(toRecord(spec).accessModes)
  if (where.startsWith('executor') && !modes.includes('ReadWriteMany') && !modes.includes('ReadOnlyMany')) {
    return `is ${modes.join(', ')}, but executors on other nodes mount it too`
  }
  return undefined
}
