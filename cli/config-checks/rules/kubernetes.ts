import { showValue } from '../../../core/json.ts'
import { parseQuantityMilli } from '../../../core/kubernetes/quantity.ts'
import { createConfLookup, type EffectiveConf } from '../../spark-conf/effective-conf.ts'
import { formatValue, toWrittenEvidence } from '../../static-checks/shown-value.ts'
import type { ValidateRule, ValidationSubject, ValidationViolations } from '../subject.ts'
import { toEvidence } from './conflicts.ts'

/** Checks settings from which Spark creates pods, Services and volumes. */
export const kubernetes: ValidateRule = (subject) =>
  subject.mode === 'elsewhere'
    ? []
    : [
        ...addresses(subject),
        ...names(subject.conf),
        ...cores(subject.conf),
        ...volumes(subject.conf),
        ...serviceAccount(subject),
      ]

/** Cluster mode rejects the address of the driver, and client mode needs it. */
function addresses({ conf, mode }: ValidationSubject): ValidationViolations {
  if (mode === 'client') return []
  return ['spark.driver.host', 'spark.driver.bindAddress'].flatMap((key): ValidationViolations => {
    const written = conf.entries.get(key)
    // Spark itself sets these in the ConfigMap of a running driver.
    if (written === undefined || written.value.endsWith('.svc')) return []
    const evidence = [toWrittenEvidence(key, written)] as const
    return [{ check: 'driverAddress', details: { key }, evidence, ...(mode !== 'cluster' && { severity: 'warning' }) }]
  })
}

const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/

/** Names and their maximum length. Spark appends `-exec-` and a number to the prefix of executors (KUBERNETES_EXECUTOR_POD_NAME_PREFIX). */
const nameKeys = [
  ['spark.kubernetes.driver.pod.name', 253],
  ['spark.kubernetes.executor.podNamePrefix', 237],
  ['spark.kubernetes.namespace', 63],
  ['spark.kubernetes.authenticate.driver.serviceAccountName', 253],
  ['spark.kubernetes.authenticate.executor.serviceAccountName', 253],
] as const

function names(conf: EffectiveConf): ValidationViolations {
  return nameKeys.flatMap(([key, maxLength]): ValidationViolations => {
    const written = conf.entries.get(key)
    if (written === undefined || (subdomain.test(written.value) && written.value.length <= maxLength)) return []
    const form = `lower-case letters, digits, - and . with a letter or digit at both ends, at most ${maxLength} characters`
    return [
      {
        check: 'podName',
        details: { key, value: showValue(written.value, 128), form },
        evidence: [toWrittenEvidence(key, written)],
      },
    ]
  })
}

function cores(conf: EffectiveConf): ValidationViolations {
  return (['driver', 'executor'] as const).flatMap((role) => {
    const requestKey = `spark.kubernetes.${role}.request.cores`
    const limitKey = `spark.kubernetes.${role}.limit.cores`
    const isRequested = createConfLookup(conf)(requestKey) !== undefined
    return [
      ...checkCores(conf, requestKey),
      ...checkCores(conf, limitKey),
      ...checkCoresLimit(conf, isRequested ? requestKey : `spark.${role}.cores`, limitKey),
    ]
  })
}

function checkCores(conf: EffectiveConf, key: string): ValidationViolations {
  const text = createConfLookup(conf)(key)
  const milli = text === undefined ? 1 : parseQuantityMilli(text)
  if (milli !== undefined && milli > 0) return []
  const problem = `is ${showValue(text, 128)}; it must be an amount of CPU such as 2, 0.5 or 500m`
  return [{ check: 'cores', details: { key, problem }, evidence: toEvidence(conf, key) }]
}

function checkCoresLimit(conf: EffectiveConf, key: string, limitKey: string): ValidationViolations {
  const value = createConfLookup(conf)
  const requested = value(key) ?? '1'
  const limited = value(limitKey)
  const request = parseQuantityMilli(requested)
  const limit = limited === undefined ? undefined : parseQuantityMilli(limited)
  if (request === undefined || limit === undefined || limit <= 0 || request <= limit) return []
  const problem = `is ${requested}, above ${limitKey}=${limited}`
  return [{ check: 'cores', details: { key, problem }, evidence: toEvidence(conf, key, limitKey) }]
}

const volumeKey = /^spark\.kubernetes\.(?:driver|executor)\.volumes\.([^.]+)\.([^.]+)\.(.+)$/
const volumeTypes: Readonly<Record<string, readonly string[]>> = {
  hostPath: ['path'],
  persistentVolumeClaim: ['claimName'],
  emptyDir: [],
  nfs: ['path', 'server'],
}

/** Like KubernetesVolumeUtils.parseVolumesWithPrefix: checks the type, and the options that the type requires. */
function volumes(conf: EffectiveConf): ValidationViolations {
  return [...conf.entries].flatMap(([key, written]): ValidationViolations => {
    const problem = describeSecretProblem(key, written.value) ?? describeVolumeProblem(key, conf)
    if (problem === undefined) return []
    return [{ check: 'volume', details: { key, problem }, evidence: [toWrittenEvidence(key, written)] }]
  })
}

function describeSecretProblem(key: string, value: string): string | undefined {
  if (!/^spark\.kubernetes\.(driver|executor)\.secretKeyRef\./.test(key)) return undefined
  return /^[^:]+:[^:]+$/.test(value) ? undefined : `is ${formatValue(key, value)}; it must be NAME:KEY of a Secret`
}

function describeVolumeProblem(key: string, conf: EffectiveConf): string | undefined {
  const [, type, volume, option] = volumeKey.exec(key) ?? []
  if (type === undefined || volume === undefined) return undefined
  const required = Object.hasOwn(volumeTypes, type) ? volumeTypes[type] : undefined
  if (required === undefined) {
    return `has the volume type ${type}; it must be one of ${Object.keys(volumeTypes).join(', ')}`
  }
  if (option !== 'mount.path') return undefined
  const prefix = key.slice(0, -'mount.path'.length)
  const missing = required.find((name) => !conf.entries.has(`${prefix}options.${name}`))
  return missing === undefined ? undefined : `requires ${prefix}options.${missing}`
}

const accountKeys = [
  'spark.kubernetes.authenticate.driver.serviceAccountName',
  'spark.kubernetes.authenticate.serviceAccountName',
  'spark.kubernetes.driver.podTemplateFile',
] as const

function serviceAccount(subject: ValidationSubject): ValidationViolations {
  const { conf, operator, mode, isWhole, unresolved, templateAccount } = subject
  // Apache's operator has a default. A file of settings is often not the only one.
  if (operator === 'apache' || templateAccount !== null || mode !== 'cluster' || !isWhole) return []
  if (accountKeys.some((key) => conf.entries.has(key) || unresolved.has(key))) return []
  return [{ check: 'serviceAccount', details: {}, evidence: toEvidence(conf, accountKeys[0]) }]
}
