import { toRecord } from '../../../../core/json.ts'
import type { AccessReviewResult } from '../../../cluster/access-rule.ts'
import { parseArray } from '../../../workload/spark-pods.ts'
import type { PreflightRule, PreflightViolations } from '../evidence.ts'
import { evidenceFor } from '../evidence.ts'

/** The namespace, what the pods refer to, and what their service account may do. */
export const clusterObjects: PreflightRule = ({ workload, cluster }) => {
  if (workload === null || cluster === null) return []
  const { namespace } = workload
  if (cluster.namespace.kind === 'read' && cluster.namespace.value === null) {
    return [
      { check: 'namespace', details: { namespace }, evidence: evidenceFor(`namespace ${namespace}`, 'not found') },
    ]
  }
  const breaches: PreflightViolations[number][] = []
  const account = workload.serviceAccount
  for (const { reference, object } of cluster.references) {
    if (object.kind === 'unreadable') continue
    const { kind, name, where } = reference
    const details = { kind, name, where, namespace }
    const source = `${kind} ${name}`
    if (object.value === null) {
      const check = kind === 'ServiceAccount' ? 'account' : 'missing'
      breaches.push({ check, details: { ...details, key: '' }, evidence: evidenceFor(source, 'not found') })
      continue
    }
    const { data, binaryData, stringData } = toRecord(object.value)
    const { key } = reference
    if (key !== null && ![data, binaryData, stringData].some((map) => Object.hasOwn(toRecord(map), key))) {
      breaches.push({
        check: 'missing',
        details: { ...details, key: `, key ${key}` },
        evidence: evidenceFor(source, `no key ${key}`),
      })
    }
    const problem = kind === 'PersistentVolumeClaim' ? claimProblem(object.value, where) : undefined
    if (problem !== undefined) {
      breaches.push({ check: 'claim', details: { ...details, problem }, evidence: evidenceFor(source, problem) })
    }
  }
  const accountIsThere = !breaches.some(({ details: { kind, name } }) => kind === 'ServiceAccount' && name === account)
  if (cluster.access.kind === 'read' && accountIsThere && account !== null) {
    breaches.push(...access(cluster.access.value, account, namespace))
  }
  return breaches
}

/** One finding for each resource. To remove many at once is for the end; a driver works without. */
function access(answers: readonly AccessReviewResult[], account: string, namespace: string): PreflightViolations {
  const refused = answers.filter(({ allowed }) => !allowed).map(({ what }) => what)
  const groups = Map.groupBy(
    refused,
    (what) => `${what.startsWith('deletecollection') ? 'warning' : 'error'} ${what.replace(/^\S+ /, '')}`,
  )
  return [...groups].map(([group, whats]) => {
    const [, severity, object = ''] = /^(\S+) (.*)$/.exec(group) ?? []
    const what = `${whats.map((one) => one.split(' ')[0]).join(', ')} ${object}`
    return {
      check: 'access',
      details: { account, what, namespace },
      severity: severity === 'warning' ? 'warning' : 'error',
      evidence: evidenceFor('SubjectAccessReview', `${what}: no`),
    }
  })
}

function claimProblem(claim: unknown, where: string): string | undefined {
  const { spec, status } = toRecord(claim)
  const phase = toRecord(status).phase
  if (phase === 'Lost') return 'is Lost: its volume is gone'
  const modes = parseArray(toRecord(spec).accessModes)
  if (where.startsWith('executor') && !modes.includes('ReadWriteMany') && !modes.includes('ReadOnlyMany')) {
    return `is ${modes.join(', ')}, and executors on other nodes mount it too`
  }
  return undefined
}
