import { toRecord, toText } from '../../../../core/json.ts'
import {
  type Bound,
  type Bounds,
  findBound,
  type NamespaceLimits,
  parseNamespaceLimits,
} from '../../../../core/kubernetes/namespace-limits.ts'
import type { Container, Pod } from '../../../../core/kubernetes/pod.ts'
import {
  computePodTotalMilli,
  computeTotalMilli,
  parsePodResources,
  parseResourceAmounts,
  type ResourceSide,
} from '../../../../core/kubernetes/pod-resources.ts'
import { formatCpu, formatMemory, parseQuantityMilli } from '../../../../core/kubernetes/quantity.ts'
import { explainUnschedulable, type NodeRoom } from '../../../workload/node-room.ts'
import type { ExecutorCount, Workload } from '../../../workload/workload.ts'
import type { PreflightRule, PreflightViolation, PreflightViolations } from '../evidence.ts'
import { evidenceFor } from '../evidence.ts'
import { parseProtectedDriver } from './watching.ts'

/** Checks memory and CPU of driver and executors against LimitRanges, quotas and nodes. */
export const capacity: PreflightRule = (subject) => {
  const { workload, cluster } = subject
  const driver = parseProtectedDriver(subject)
  if (workload === null || cluster === null || driver === null) return []
  const violations: PreflightViolation[] = []
  if (cluster.limitRanges.kind === 'read') {
    const limits = parseNamespaceLimits(cluster.limitRanges.value, [])
    violations.push(...checkLimitRanges(workload, limits))
    if (cluster.quotas.kind === 'read') {
      violations.push(...checkQuotas(driver, workload, limits, cluster.quotas.value))
    }
  }
  if (cluster.nodes.kind === 'read') violations.push(...checkNodes(driver, workload, cluster.nodes.value))
  return violations
}

type Role = 'driver' | 'executor'
const roles: readonly Role[] = ['driver', 'executor']

function checkNodes(driver: Pod, { executor, executors }: Workload, nodes: readonly NodeRoom[]): PreflightViolations {
  const pods = { driver, executor }
  return roles
    .filter((role) => role === 'driver' || executors.most > 0)
    .flatMap((role): PreflightViolations => {
      const problem = explainUnschedulable(pods[role], nodes)
      if (problem === undefined) return []
      return [{ check: 'node', details: { role, ...problem }, evidence: evidenceFor('nodes', problem.best) }]
    })
}

/** Checks Spark's own container against the bounds for containers, and its pod against the bounds for pods. */
function checkLimitRanges(workload: Workload, limits: NamespaceLimits): PreflightViolations {
  const violations: PreflightViolation[] = []
  for (const role of roles) {
    const { spec } = withDefaults(workload[role], limits)
    const container = parseResourceAmounts(spec.containers[0]?.resources)
    const pod = parsePodResources(spec)
    const inContainer: ReadAmount = (side, name) => container[side][name]
    const inPod: ReadAmount = (side, name) => computeTotalMilli(pod, side, name) || undefined
    violations.push(...checkBounds(role, 'container', limits.container, inContainer))
    violations.push(...checkBounds(role, 'pod', limits.pod, inPod))
  }
  return violations
}

/** The requested or limited amount of a resource in thousandths. Undefined if none is set. */
type ReadAmount = (side: ResourceSide, resource: string) => number | undefined

function checkBounds(role: Role, scope: 'container' | 'pod', bounds: Bounds, read: ReadAmount): PreflightViolations {
  const violations: PreflightViolation[] = []
  for (const resource of Object.keys(bounds)) {
    const amounts = { request: read('requests', resource), limit: read('limits', resource) }
    const problem = describeLimitViolation(scope, resource, findBound(bounds, resource), amounts)
    if (problem === undefined) continue
    violations.push({
      check: 'limitRange',
      details: { role, resource, problem },
      evidence: evidenceFor('limitranges', `${scope} ${resource} ${problem}`),
    })
  }
  return violations
}

interface RequestAndLimit {
  readonly request: number | undefined
  readonly limit: number | undefined
}

/** Describes the first bound of a LimitRange that the amounts violate, in the order in which the API server checks them. */
function describeLimitViolation(
  scope: 'container' | 'pod',
  resource: string,
  { minMilli, maxMilli, maxRatio }: Bound,
  { request, limit }: RequestAndLimit,
): string | undefined {
  const maximum = `the maximum for a ${scope} is ${formatAmount(resource, maxMilli)}`
  if (maxMilli < Number.POSITIVE_INFINITY && limit === undefined) return `has no limit, but ${maximum}`
  const largest = Math.max(limit ?? 0, request ?? 0)
  if (largest > maxMilli) return `is ${formatAmount(resource, largest)}, but ${maximum}`
  const smallest = request ?? limit ?? 0
  if (smallest < minMilli) {
    return `is ${formatAmount(resource, smallest)}, but the minimum for a ${scope} is ${formatAmount(resource, minMilli)}`
  }
  if (request && limit && limit / request > maxRatio) {
    return `has a limit of ${(limit / request).toFixed(1)} times its request, but the maximum is ${maxRatio}`
  }
  return undefined
}

function formatAmount(resource: string, milli: number): string {
  if (resource === 'cpu') return formatCpu(milli)
  if (resource === 'memory' || resource === 'ephemeral-storage') return formatMemory(milli)
  return String(milli / 1000)
}

/** Adds the defaults that the LimitRanger adds to each container. */
function withDefaults(pod: Pod, { defaults }: NamespaceLimits): Pod {
  const addDefaults = (container: Container): Container => ({
    ...container,
    resources: {
      limits: { ...defaults?.limits, ...container.resources?.limits },
      requests: { ...defaults?.requests, ...container.resources?.requests },
    },
  })
  return { ...pod, spec: { ...pod.spec, containers: pod.spec.containers.map(addDefaults) } }
}

/** Checks all quotas. Quotas limit numbers of objects as well as amounts: `pods`, `count/pods`, `requests.memory` … */
function checkQuotas(
  driver: Pod,
  workload: Workload,
  limits: NamespaceLimits,
  quotas: readonly unknown[],
): PreflightViolations {
  const pods = { driver: withDefaults(driver, limits), executor: withDefaults(workload.executor, limits) }
  const violations: PreflightViolation[] = []
  for (const object of quotas) {
    const { metadata, spec, status } = toRecord(object)
    if (mayExcludeSpark(toRecord(spec))) continue
    const quota = String(toRecord(metadata).name)
    const hard = { ...toRecord(toRecord(spec).hard), ...toRecord(toRecord(status).hard) }
    const used = toRecord(toRecord(status).used)
    for (const [key, value] of Object.entries(hard)) {
      const usage = { key, hard: toText(value), used: toText(used[key] ?? '0') }
      const problem = describeQuotaViolation(usage, computeQuotaAmounts(key, pods), workload.executors)
      if (problem === undefined) continue
      violations.push({
        check: 'quota',
        details: { quota, resource: key, problem: problem.text },
        severity: problem.severity,
        evidence: evidenceFor(`resourcequota ${quota}`, `${key}: ${usage.used} of ${usage.hard} used`),
      })
    }
  }
  return violations
}

/** One line of a quota. The amounts are Kubernetes quantities. */
interface QuotaLine {
  readonly key: string
  readonly hard: string
  readonly used: string
}

interface QuotaProblem {
  readonly text: string
  readonly severity: 'error' | 'warning'
}

/** It is an error if the driver or the first executor does not fit, and a warning if a later executor does not fit. */
function describeQuotaViolation(
  { key, hard, used }: QuotaLine,
  amounts: QuotaAmounts | undefined,
  { first, most }: ExecutorCount,
): QuotaProblem | undefined {
  const hardMilli = parseQuantityMilli(hard)
  if (amounts === undefined || hardMilli === undefined) return undefined
  const { resource, driver, executor } = amounts
  const leftMilli = hardMilli - (parseQuantityMilli(used) ?? 0)
  if (driver === undefined || executor === undefined) {
    return { text: `the quota requires ${key}, but Spark’s pods do not set it`, severity: 'error' }
  }
  const format = (milli: number) => formatAmount(resource, Math.max(0, milli))
  if (driver > leftMilli) {
    return { text: `the driver needs ${format(driver)}, but only ${format(leftMilli)} is available`, severity: 'error' }
  }
  const fitting = executor === 0 ? Number.POSITIVE_INFINITY : Math.floor((leftMilli - driver) / executor)
  const wanted = most === Number.POSITIVE_INFINITY ? first : most
  if (fitting >= wanted) return undefined
  return {
    text: `each executor needs ${format(executor)}; in addition to the driver, ${fitting} of ${wanted} executors fit`,
    severity: fitting === 0 && first > 0 ? 'error' : 'warning',
  }
}

/** Whether the quota has a scope that excludes Spark's pods, or may exclude them by priority class or affinity. */
function mayExcludeSpark({ scopes, scopeSelector }: Readonly<Record<string, unknown>>): boolean {
  if (scopeSelector !== undefined) return true
  const sparkScopes = ['NotTerminating', 'NotBestEffort']
  return Array.isArray(scopes) && scopes.some((scope) => !sparkScopes.includes(toText(scope)))
}

/** What a driver and an executor count for in one line of a quota, in thousandths. */
interface QuotaAmounts {
  readonly resource: string
  /** Undefined if the pod does not set an amount that the quota requires. */
  readonly driver: number | undefined
  readonly executor: number | undefined
}

/** Objects that Spark creates, in thousandths. The driver has a Service, a ConfigMap, and the ConfigMap of its executors. */
const objectCounts: Readonly<Record<string, QuotaAmounts>> = {
  pods: { resource: 'pods', driver: 1000, executor: 1000 },
  services: { resource: 'services', driver: 1000, executor: 0 },
  configmaps: { resource: 'configmaps', driver: 2000, executor: 0 },
}

function computeQuotaAmounts(
  key: string,
  pods: { readonly driver: Pod; readonly executor: Pod },
): QuotaAmounts | undefined {
  const counted = key.replace(/^count\//, '')
  if (Object.hasOwn(objectCounts, counted)) return objectCounts[counted]
  const [, written, resource] = /^(?:(requests|limits)\.)?(cpu|memory|ephemeral-storage)$/.exec(key) ?? []
  if (resource === undefined) return undefined
  const side = written === 'limits' ? 'limits' : 'requests'
  return {
    resource,
    driver: computeRequiredTotal(pods.driver, side, resource),
    executor: computeRequiredTotal(pods.executor, side, resource),
  }
}

/** The total of the pod. A quota for CPU or memory requires that every container sets the amount. */
function computeRequiredTotal({ spec }: Pod, side: ResourceSide, resource: string): number | undefined {
  const isSet = spec.containers.every(({ resources }) => parseResourceAmounts(resources)[side][resource] !== undefined)
  return isSet || resource === 'ephemeral-storage' ? computePodTotalMilli(spec, side, resource) : undefined
}
