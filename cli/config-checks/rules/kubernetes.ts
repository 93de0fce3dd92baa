import { parseQuantityMilli } from '../../../core/kubernetes/quantity.ts'
import { createConfLookup, type EffectiveConf } from '../../spark-conf/effective-conf.ts'
import { formatValue, toWrittenEvidence } from '../../static-checks/shown-value.ts'
import type { ValidateRule, ValidationSubject, ValidationViolations } from '../subject.ts'
import { toEvidence } from './conflicts.ts'

/** What Spark's settings make of pods, services and volumes. */
export const kubernetes: ValidateRule = (subject) => [
  ...addresses(subject.conf),
  ...names(subject.conf),
  ...cores(subject.conf),
  ...volumes(subject.conf),
  ...serviceAccount(subject),
]

function addresses(conf: EffectiveConf): ValidationViolations {
  return ['spark.driver.host', 'spark.driver.bindAddress'].flatMap((key): ValidationViolations => {
    const written = conf.entries.get(key)
    // What a running driver's own ConfigMap holds Spark has put there.
    if (written === undefined || written.value.endsWith('.svc')) return []
    return [{ check: 'driverAddress', details: { key }, evidence: [toWrittenEvidence(key, written)] }]
  })
}

const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/

/** Names and the longest that they may be; executors' names have `-exec-` and a number added (KUBERNETES_EXECUTOR_POD_NAME_PREFIX). */
const nameKeys = [
  ['spark.kubernetes.driver.pod.name', 253],
  ['spark.kubernetes.executor.podNamePrefix', 237],
  ['spark.kubernetes.namespace', 63],
  ['spark.kubernetes.authenticate.driver.serviceAccountName', 253],
  ['spark.kubernetes.authenticate.executor.serviceAccountName', 253],
] as const

function names(conf: EffectiveConf): ValidationViolations {
  return nameKeys.flatMap(([key, longest]): ValidationViolations => {
    const written = conf.entries.get(key)
    if (written === undefined || (subdomain.test(written.value) && written.value.length <= longest)) return []
    const form = `lower-case letters, digits, - and . with a letter or digit at both ends, up to ${longest} characters`
    return [
      {
        check: 'podName',
        details: { key, value: JSON.stringify(written.value), form },
        evidence: [toWrittenEvidence(key, written)],
      },
    ]
  })
}

function cores(conf: EffectiveConf): ValidationViolations {
  const value = createConfLookup(conf)
  return (['driver', 'executor'] as const).flatMap((role): ValidationViolations => {
    const requestKey = `spark.kubernetes.${role}.request.cores`
    const limitKey = `spark.kubernetes.${role}.limit.cores`
    const breaches: ValidationViolations[number][] = []
    for (const key of [requestKey, limitKey]) {
      const text = value(key)
      const milli = text === undefined ? 1 : parseQuantityMilli(text)
      if (milli !== undefined && milli > 0) continue
      const problem = `is ${JSON.stringify(text)}; it must be an amount of CPU such as 2, 0.5 or 500m`
      breaches.push({ check: 'cores', details: { key, problem }, evidence: toEvidence(conf, key) })
    }
    const coresKey = value(requestKey) === undefined ? `spark.${role}.cores` : requestKey
    const request = parseQuantityMilli(value(coresKey) ?? '1')
    const limit = value(limitKey) === undefined ? undefined : parseQuantityMilli(value(limitKey) ?? '')
    if (request !== undefined && limit !== undefined && limit > 0 && request > limit) {
      const problem = `is ${value(coresKey) ?? '1'}, above ${limitKey}=${value(limitKey)}`
      breaches.push({
        check: 'cores',
        details: { key: coresKey, problem },
        evidence: toEvidence(conf, coresKey, limitKey),
      })
    }
    return breaches
  })
}

const volumeKey = /^spark\.kubernetes\.(?:driver|executor)\.volumes\.([^.]+)\.([^.]+)\.(.+)$/
const volumeTypes: Readonly<Record<string, readonly string[]>> = {
  hostPath: ['path'],
  persistentVolumeClaim: ['claimName'],
  emptyDir: [],
  nfs: ['path', 'server'],
}

/** As KubernetesVolumeUtils.parseVolumesWithPrefix: type, name, mount path and what the type asks for. */
function volumes(conf: EffectiveConf): ValidationViolations {
  return [...conf.entries].flatMap(([key, written]): ValidationViolations => {
    const evidence = [toWrittenEvidence(key, written)] as const
    const breach = (problem: string): ValidationViolations => [{ check: 'volume', details: { key, problem }, evidence }]
    if (/^spark\.kubernetes\.(driver|executor)\.secretKeyRef\./.test(key)) {
      return /^[^:]+:[^:]+$/.test(written.value)
        ? []
        : breach(`is ${formatValue(key, written.value)}; it must be NAME:KEY of a Secret`)
    }
    const [, type, volume, rest] = volumeKey.exec(key) ?? []
    if (type === undefined || volume === undefined || rest === undefined) return []
    const needed = Object.hasOwn(volumeTypes, type) ? volumeTypes[type] : undefined
    if (needed === undefined)
      return breach(`names the volume type ${type}; it must be one of ${Object.keys(volumeTypes).join(', ')}`)
    if (rest !== 'mount.path') return []
    const prefix = key.slice(0, -'mount.path'.length)
    const missing = needed.find((option) => !conf.entries.has(`${prefix}options.${option}`))
    return missing === undefined ? [] : breach(`needs ${prefix}options.${missing} too`)
  })
}

const accountKeys = [
  'spark.kubernetes.authenticate.driver.serviceAccountName',
  'spark.kubernetes.authenticate.serviceAccountName',
  'spark.kubernetes.driver.podTemplateFile',
] as const

function serviceAccount({ conf, operator }: ValidationSubject): ValidationViolations {
  // Apache's operator brings its own default, and a pod template may name one.
  if (operator === 'apache' || accountKeys.some((key) => conf.entries.has(key))) return []
  return [{ check: 'serviceAccount', details: {}, evidence: toEvidence(conf, accountKeys[0]) }]
}
