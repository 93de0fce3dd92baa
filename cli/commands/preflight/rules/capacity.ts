import { toRecord, toText } from '../../../../core/json.ts'
import { findBound, type NamespaceLimits, parseNamespaceLimits } from '../../../../core/kubernetes/namespace-limits.ts'
import type { Container, Pod } from '../../../../core/kubernetes/pod.ts'
import { computePodTotalMilli, parseAmountMilli, type ResourceSide } from '../../../../core/kubernetes/pod-resources.ts'
import { formatCpu, formatMemory, parseQuantityMilli } from '../../../../core/kubernetes/quantity.ts'
import { explainUnschedulable } from '../../../workload/node-room.ts'
import type { PreflightRule, PreflightSubject, PreflightViolations } from '../evidence.ts'
import { evidenceFor } from '../evidence.ts'
import { parseProtectedDriver } from './watching.ts'

/** Memory and CPU of driver and executors against LimitRanges, quotas and nodes. */
export const capacity: PreflightRule = (subject) => {
  const { workload, cluster } = subject
  const driver = parseProtectedDriver(subject)
  if (workload === null || cluster === null || driver === null) return []
  const pods = { driver, executor: workload.executor }
  const breaches: PreflightViolations[number][] = []
  if (cluster.limitRanges.kind === 'read') {
    const limits = parseNamespaceLimits(cluster.limitRanges.value, [])
    breaches.push(...limitRanges(subject, limits))
    if (cluster.quotas.kind === 'read') breaches.push(...quotas(subject, limits, cluster.quotas.value))
  }
  if (cluster.nodes.kind === 'read') {
    for (const role of ['driver', 'executor'] as const) {
      const why =
        role === 'executor' && workload.executors.most === 0
          ? undefined
          : explainUnschedulable(pods[role], cluster.nodes.value)
      if (why !== undefined)
        breaches.push({ check: 'node', details: { role, ...why }, evidence: evidenceFor('nodes', why.best) })
    }
  }
  return breaches
}

const spell = (resource: string, milli: number) =>
  resource === 'cpu'
    ? formatCpu(milli)
    : resource === 'memory' || resource === 'ephemeral-storage'
      ? formatMemory(milli)
      : String(milli / 1000)

/** Spark's own container against the bounds of containers, its pod against those of pods. */
function limitRanges({ workload }: PreflightSubject, limits: NamespaceLimits): PreflightViolations {
  if (workload === null) return []
  return (['driver', 'executor'] as const).flatMap((role): PreflightViolations => {
    const pod = withDefaults(workload[role], limits)
    const holders = [
      {
        bounds: limits.container,
        of: 'container',
        amount: (side: ResourceSide, name: string) => parseAmountMilli(pod.spec.containers[0]?.resources, side, name),
      },
      {
        bounds: limits.pod,
        of: 'pod',
        amount: (side: ResourceSide, name: string) => computePodTotalMilli(pod.spec, side, name) || undefined,
      },
    ]
    return holders.flatMap(
      ({ bounds, of, amount }): PreflightViolations =>
        Object.keys(bounds).flatMap((resource): PreflightViolations => {
          const { minMilli, maxMilli, maxRatio } = findBound(bounds, resource)
          const [request, limit] = [amount('requests', resource), amount('limits', resource)]
          const least = request ?? limit
          const most = Math.max(limit ?? 0, request ?? 0)
          const problem =
            maxMilli < Number.POSITIVE_INFINITY && limit === undefined
              ? `has no limit, and the most of a ${of} is ${spell(resource, maxMilli)}`
              : most > maxMilli
                ? `is ${spell(resource, most)}, above the most of a ${of}: ${spell(resource, maxMilli)}`
                : minMilli > 0 && (least ?? 0) < minMilli
                  ? `is ${spell(resource, least ?? 0)}, below the least of a ${of}: ${spell(resource, minMilli)}`
                  : request && limit && limit / request > maxRatio
                    ? `has a limit of ${(limit / request).toFixed(1)} times its request; the most is ${maxRatio}`
                    : undefined
          return problem === undefined
            ? []
            : [
                {
                  check: 'limitRange',
                  details: { role, resource, problem },
                  evidence: evidenceFor('limitranges', `${of} ${resource} ${problem}`),
                },
              ]
        }),
    )
  })
}

/** As the LimitRanger fills in what a container does not say. */
function withDefaults(pod: Pod, { defaults }: NamespaceLimits): Pod {
  const filled = (container: Container): Container => {
    const limits = { ...defaults?.limits, ...container.resources?.limits }
    return {
      ...container,
      resources: { limits, requests: { ...defaults?.requests, ...container.resources?.requests } },
    }
  }
  return { ...pod, spec: { ...pod.spec, containers: pod.spec.containers.map(filled) } }
}

/** Quotas count pods as well as amounts: `pods`, `count/pods`, `requests.memory` … */
function quotas(subject: PreflightSubject, limits: NamespaceLimits, objects: readonly unknown[]): PreflightViolations {
  const { workload } = subject
  const watched = parseProtectedDriver(subject)
  if (workload === null || watched === null) return []
  const [driver, executor] = [withDefaults(watched, limits), withDefaults(workload.executor, limits)]
  return objects.flatMap((object): PreflightViolations => {
    const { metadata, spec, status } = toRecord(object)
    const quota = String(toRecord(metadata).name)
    if (leavesOut(toRecord(spec))) return []
    const hard = { ...toRecord(toRecord(spec).hard), ...toRecord(toRecord(status).hard) }
    const used = toRecord(toRecord(status).used)
    return Object.entries(hard).flatMap(([key, value]): PreflightViolations => {
      const each = amountsOf(key, driver, executor)
      const hardMilli = parseQuantityMilli(toText(value))
      if (each === undefined || hardMilli === undefined) return []
      const leftMilli = hardMilli - (parseQuantityMilli(toText(used[key] ?? '0')) ?? 0)
      const evidence = evidenceFor(
        `resourcequota ${quota}`,
        `${key}: ${toText(used[key] ?? '0')} of ${toText(value)} used`,
      )
      const breach = (problem: string, severity: 'error' | 'warning'): PreflightViolations => [
        { check: 'quota', details: { quota, resource: key, problem }, severity, evidence },
      ]
      if (each.driver === undefined || each.executor === undefined)
        return breach(`the quota demands ${key}, and Spark’s pods state none`, 'error')
      const show = (milli: number) => spell(each.resource, Math.max(0, milli))
      if (each.driver > leftMilli)
        return breach(`the driver needs ${show(each.driver)} and ${show(leftMilli)} are left`, 'error')
      const { first, most } = workload.executors
      const fit = each.executor === 0 ? Number.POSITIVE_INFINITY : Math.floor((leftMilli - each.driver) / each.executor)
      const wanted = most === Number.POSITIVE_INFINITY ? first : most
      if (fit >= wanted) return []
      const room = `each executor needs ${show(each.executor)}; beside the driver there is room for ${fit} of ${wanted}`
      return breach(room, fit === 0 && first > 0 ? 'error' : 'warning')
    })
  })
}

/** Scopes that Spark's pods are not in, or, by priority class and affinity, may not be: no error can be told of those. */
function leavesOut({ scopes, scopeSelector }: Readonly<Record<string, unknown>>): boolean {
  const ofSpark = ['NotTerminating', 'NotBestEffort']
  return (
    scopeSelector !== undefined || (Array.isArray(scopes) && scopes.some((scope) => !ofSpark.includes(toText(scope))))
  )
}

interface Amounts {
  readonly resource: string
  /** Undefined: not stated, where the quota demands it. */
  readonly driver: number | undefined
  readonly executor: number | undefined
}

function amountsOf(key: string, driver: Pod, executor: Pod): Amounts | undefined {
  if (key === 'pods' || key === 'count/pods') return { resource: 'pods', driver: 1000, executor: 1000 }
  // The driver's Service, its ConfigMap and the executors' one.
  if (key === 'services' || key === 'count/services') return { resource: 'services', driver: 1000, executor: 0 }
  if (key === 'configmaps' || key === 'count/configmaps') return { resource: 'configmaps', driver: 2000, executor: 0 }
  const [, side = 'requests', resource] = /^(?:(requests|limits)\.)?(cpu|memory|ephemeral-storage)$/.exec(key) ?? []
  if (resource === undefined) return undefined
  const of = ({ spec }: Pod) => {
    const states = spec.containers.every(
      ({ resources }) => parseAmountMilli(resources, side as ResourceSide, resource) !== undefined,
    )
    return states || resource === 'ephemeral-storage'
      ? computePodTotalMilli(spec, side as ResourceSide, resource)
      : undefined
  }
  return { resource, driver: of(driver), executor: of(executor) }
}
