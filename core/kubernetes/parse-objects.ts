import { cutText, isRecord } from '../json.ts'
import type { Pod, Service } from './pod.ts'

/**
 * The object of a request as a Pod. Returns undefined if a field that spark-nanny reads does not have its type. The API
 * server only sends valid objects. The check prevents exceptions for objects of other clients.
 */
export function parsePod(object: unknown): Pod | undefined {
  return checkPod(object) === null ? (object as Pod) : undefined
}

/** The object of a request as a Service. Returns undefined if a field that spark-nanny reads does not have its type. */
export function parseService(object: unknown): Service | undefined {
  return checkService(object) === null ? (object as Service) : undefined
}

/** Why {@link parsePod} or {@link parseService} returns undefined: the first field of a wrong type, or that is missing. */
export function findMalformedField(object: unknown, kind: 'Pod' | 'Service'): string {
  const path = (kind === 'Pod' ? checkPod : checkService)(object) ?? ''
  return path === '' ? 'object' : path.slice(1)
}

/** Null if the value has the right type, else the path of the first field that does not: empty, or such as `.spec.volumes[1]`. */
type Check = (value: unknown) => string | null

const string: Check = (value) => (typeof value === 'string' ? null : '')
const number: Check = (value) => (typeof value === 'number' ? null : '')
const flag: Check = (value) => (typeof value === 'boolean' ? null : '')
const anyObject: Check = (value) => (isRecord(value) ? null : '')
const anyList: Check = (value) => (Array.isArray(value) ? null : '')
const quantity: Check = (value) => (typeof value === 'string' || typeof value === 'number' ? null : '')

/** Go programs may write an absent list or map as null. */
const isAbsent = (value: unknown): value is null | undefined => value === undefined || value === null

function record(required: Readonly<Record<string, Check>>, optional: Readonly<Record<string, Check>> = {}): Check {
  const needed = Object.entries(required)
  const allowed = Object.entries(optional)
  return (value) => {
    if (!isRecord(value)) return ''
    for (const [field, check] of needed) {
      const path = check(value[field])
      if (path !== null) return `.${field}${path}`
    }
    for (const [field, check] of allowed) {
      const item = value[field]
      const path = isAbsent(item) ? null : check(item)
      if (path !== null) return `.${field}${path}`
    }
    return null
  }
}

const listOf =
  (check: Check): Check =>
  (value) => {
    if (!Array.isArray(value)) return ''
    for (let index = 0; index < value.length; index += 1) {
      const path = check(value[index])
      if (path !== null) return `[${index}]${path}`
    }
    return null
  }

const mapOf =
  (check: Check): Check =>
  (value) => {
    if (!isRecord(value)) return ''
    for (const key in value) if (check(value[key]) !== null) return `[${cutText(key, 63)}]`
    return null
  }

/** Written out, because a driver has many of them. */
const variable: Check = (value) => {
  if (!isRecord(value)) return ''
  if (typeof value.name !== 'string') return '.name'
  return isAbsent(value.value) || typeof value.value === 'string' ? null : '.value'
}

const strings = mapOf(string)
const quantities = mapOf(quantity)
const resources = record({}, { requests: quantities, limits: quantities })
const owner = record({ apiVersion: string, kind: string, name: string, uid: string })
const metadata = record(
  {},
  {
    name: string,
    generateName: string,
    labels: strings,
    annotations: strings,
    ownerReferences: listOf(owner),
    deletionTimestamp: string,
  },
)
const container = record(
  { name: string },
  {
    command: listOf(string),
    args: listOf(string),
    env: listOf(variable),
    envFrom: anyList,
    ports: listOf(record({}, { name: string, containerPort: number })),
    resources,
    restartPolicy: string,
    restartPolicyRules: anyList,
    securityContext: anyObject,
    terminationMessagePath: string,
    volumeMounts: listOf(record({ name: string, mountPath: string }, { subPath: string, subPathExpr: string })),
    startupProbe: anyObject,
    livenessProbe: anyObject,
    readinessProbe: anyObject,
  },
)
const podSpec = record(
  { containers: listOf(container) },
  {
    initContainers: listOf(container),
    volumes: listOf(record({ name: string })),
    restartPolicy: string,
    hostNetwork: flag,
    hostPID: flag,
    shareProcessNamespace: flag,
    terminationGracePeriodSeconds: number,
    nodeSelector: strings,
    resources,
    overhead: quantities,
    securityContext: anyObject,
    os: record({ name: string }),
  },
)
const checkPod = record({ spec: podSpec }, { metadata })
const checkService = record({ spec: record({}, { selector: strings }) }, { metadata })
