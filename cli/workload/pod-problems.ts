import { isRecord, showValue, toList, toRecord, toText } from '../../core/json.ts'
import { parseQuantityMilli } from '../../core/kubernetes/quantity.ts'

/** What the API server rejects in a pod. `field` and `value` are as the pod contains them; `problem` follows them. */
export interface PodProblem {
  /** The name of the offending field, such as `mountPath`, or the key of a label. */
  readonly field: string
  readonly value: string
  readonly problem: string
}

type Fields = Readonly<Record<string, unknown>>

/**
 * The problems for which the API server rejects a pod that Spark and an operator create from a file (ValidatePodSpec of
 * Kubernetes). `ownMounts` are the paths at which Spark itself mounts volumes into its container, which is the first one.
 */
export function findPodProblems(pod: unknown, ownMounts: readonly string[]): readonly PodProblem[] {
  const { metadata, spec } = toRecord(pod)
  const { labels, annotations } = toRecord(metadata)
  const { containers, initContainers, volumes, nodeSelector, tolerations } = toRecord(spec)
  const all = [...toList(containers), ...toList(initContainers)].map(toRecord)
  return [
    ...checkLabels('label', labels),
    ...checkLabels('nodeSelector', nodeSelector),
    ...Object.keys(toRecord(annotations)).flatMap((key) => checkKey('annotation', key)),
    ...checkNames('container', all),
    ...checkNames('volume', toList(volumes).map(toRecord)),
    ...toList(volumes).map(toRecord).flatMap(checkVolume),
    ...all.flatMap((container, index) => checkContainer(container, index === 0 ? ownMounts : [], volumes)),
    ...toList(tolerations).map(toRecord).flatMap(checkToleration),
  ]
}

const nameForm = 'at most 63 letters, digits, -, _ and ., with a letter or digit at both ends'
const isName = (text: string) => text.length <= 63 && /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/.test(text)
const isLabelName = (text: string) => text.length <= 63 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(text)
const isSubdomain = (text: string) =>
  text.length <= 253 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(text)

function checkKey(field: string, key: string): readonly PodProblem[] {
  const [name = '', prefix, more] = key.split('/').toReversed()
  if (more === undefined && isName(name) && (prefix === undefined || isSubdomain(prefix))) return []
  return [{ field, value: key, problem: `is not a valid key: it must be ${nameForm}, after an optional DOMAIN/` }]
}

function checkLabels(field: string, labels: unknown): readonly PodProblem[] {
  return Object.entries(toRecord(labels)).flatMap(([key, value]) => {
    const text = toText(value)
    if (text === '' || isName(text)) return checkKey(field, key)
    return [{ field: `${field} ${key}`, value: text, problem: `must be ${nameForm}` }]
  })
}

function checkNames(field: string, items: readonly Fields[]): readonly PodProblem[] {
  const seen = new Set<string>()
  return items.flatMap((item): readonly PodProblem[] => {
    const name = toText(item.name ?? '')
    if (!isLabelName(name)) {
      return [{ field: `${field} name`, value: name, problem: 'must be at most 63 lower-case letters, digits and -' }]
    }
    if (seen.has(name)) return [{ field: `${field} name`, value: name, problem: 'occurs twice in the pod' }]
    seen.add(name)
    return []
  })
}

function checkVolume({ name, ...sources }: Fields): readonly PodProblem[] {
  const types = Object.keys(sources).filter((type) => sources[type] !== undefined && sources[type] !== null)
  if (types.length <= 1) return []
  return [{ field: 'volume', value: toText(name ?? ''), problem: `has several types: ${types.join(', ')}` }]
}

function checkContainer(container: Fields, ownMounts: readonly string[], volumes: unknown): readonly PodProblem[] {
  const { image, env, ports, resources, imagePullPolicy } = container
  const name = toText(container.name ?? '')
  return [
    ...(typeof image === 'string' && image !== image.trim()
      ? [{ field: 'image', value: image, problem: 'must not begin or end with a blank' }]
      : []),
    ...(imagePullPolicy === undefined || ['Always', 'IfNotPresent', 'Never'].includes(toText(imagePullPolicy))
      ? []
      : [
          {
            field: 'imagePullPolicy',
            value: toText(imagePullPolicy),
            problem: 'must be Always, IfNotPresent or Never',
          },
        ]),
    ...toList(env).map(toRecord).flatMap(checkVariable),
    ...checkPorts(toList(ports).map(toRecord)),
    ...checkResources(name, toRecord(resources)),
    ...checkMounts(toList(container.volumeMounts).map(toRecord), ownMounts, volumes),
  ]
}

function checkVariable({ name, value, valueFrom }: Fields): readonly PodProblem[] {
  const text = toText(name ?? '')
  if (!/^[ -<>-~]+$/.test(text)) {
    return [{ field: 'env name', value: text, problem: 'must be printable ASCII characters without =' }]
  }
  if (toText(value ?? '') === '' || !isRecord(valueFrom)) return []
  return [{ field: 'env name', value: text, problem: 'has both a value and valueFrom' }]
}

function checkPorts(ports: readonly Fields[]): readonly PodProblem[] {
  const names = new Set<string>()
  return ports.flatMap(({ name, containerPort }): readonly PodProblem[] => {
    const problems: PodProblem[] = []
    if (typeof containerPort === 'number' && (containerPort < 1 || containerPort > 65_535)) {
      problems.push({ field: 'containerPort', value: String(containerPort), problem: 'must be from 1 to 65535' })
    }
    if (name === undefined || name === null || name === '') return problems
    const text = toText(name)
    if (text.length > 15 || !/^(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*$/.test(text)) {
      const problem = 'must be at most 15 lower-case letters, digits and -, with a letter'
      problems.push({ field: 'port name', value: text, problem })
    } else if (names.has(text))
      problems.push({ field: 'port name', value: text, problem: 'occurs twice in the container' })
    names.add(text)
    return problems
  })
}

function checkResources(container: string, { requests, limits }: Fields): readonly PodProblem[] {
  const [least, most] = [toRecord(requests), toRecord(limits)]
  const amounts = [...Object.entries(least), ...Object.entries(most)].flatMap(
    ([resource, amount]): readonly PodProblem[] => {
      const milli = parseQuantityMilli(toText(amount))
      if (milli !== undefined && milli >= 0) return []
      return [
        {
          field: `${resource} of ${container}`,
          value: toText(amount),
          problem: 'must be an amount such as 2, 500m or 1Gi',
        },
      ]
    },
  )
  const pairs = Object.entries(least).flatMap(([resource, amount]): readonly PodProblem[] => {
    const [request, limit] = [parseQuantityMilli(toText(amount)), parseQuantityMilli(toText(most[resource] ?? amount))]
    if (request === undefined || limit === undefined || limit >= request) return []
    const problem = `is below the request of ${toText(amount)}`
    return [{ field: `${resource} limit of ${container}`, value: toText(most[resource]), problem }]
  })
  return amounts.length > 0 ? amounts : pairs
}

function checkMounts(mounts: readonly Fields[], ownMounts: readonly string[], volumes: unknown): readonly PodProblem[] {
  const names = new Set(toList(volumes).map((volume) => toText(toRecord(volume).name ?? '')))
  const seen = new Set<string>()
  return mounts.flatMap(({ name, mountPath }): readonly PodProblem[] => {
    const path = toText(mountPath ?? '')
    const first = !seen.has(path)
    seen.add(path)
    if (path === '') return [{ field: 'mountPath', value: toText(name ?? ''), problem: 'is not set' }]
    if (ownMounts.includes(path)) {
      return [
        { field: 'mountPath', value: path, problem: 'must be unique, and Spark mounts its own configuration there' },
      ]
    }
    if (!first) return [{ field: 'mountPath', value: path, problem: 'must be unique in the container' }]
    if (names.has(toText(name ?? ''))) return []
    return [
      {
        field: 'mountPath',
        value: path,
        problem: `belongs to ${showValue(name, 64)}, which is not a volume of the pod`,
      },
    ]
  })
}

const effects = ['', 'NoSchedule', 'PreferNoSchedule', 'NoExecute']

function checkToleration(toleration: Fields): readonly PodProblem[] {
  const [key, operator, value, effect] = ['key', 'operator', 'value', 'effect'].map((field) =>
    toText(toleration[field] ?? ''),
  )
  const shown = key || operator || ''
  const problem = (text: string): readonly PodProblem[] => [{ field: 'toleration', value: shown, problem: text }]
  if (!effects.includes(effect ?? ''))
    return problem(`has the effect ${effect}; it must be one of ${effects.slice(1).join(', ')}`)
  if (!['', 'Exists', 'Equal', 'Lt', 'Gt'].includes(operator ?? ''))
    return problem(`has the operator ${operator}; it must be Exists or Equal`)
  if (operator === 'Exists' && value !== '') return problem('has the operator Exists and a value, which excludes it')
  if (key === '' && operator !== 'Exists') return problem('has no key, which requires the operator Exists')
  const isTimed = toleration.tolerationSeconds !== undefined && toleration.tolerationSeconds !== null
  return isTimed && effect !== 'NoExecute' ? problem('has tolerationSeconds, which requires the effect NoExecute') : []
}
