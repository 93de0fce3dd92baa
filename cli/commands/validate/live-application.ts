import { isRecord, toRecord } from '../../../core/json.ts'
import { parsePod } from '../../../core/kubernetes/parse-objects.ts'
import { findDriverContainerIndex, type Pod } from '../../../core/kubernetes/pod.ts'
import { parseQuantityMilli } from '../../../core/kubernetes/quantity.ts'
import { sparkApplicationApis } from '../../../core/spark/application.ts'
import { parseProperties } from '../../../core/spark/properties.ts'
import type { KubernetesApi } from '../../../kubernetes/api.ts'
import { type ApiReading, readable, unreadable } from '../../cluster/reading.ts'
import { getObject, listObjects } from '../../cluster/requests.ts'
import type { Unknown } from '../../evidence/evidence.ts'
import { createLiveOrigin } from '../../spark-conf/application-conf.ts'
import { createConfBuilder } from '../../spark-conf/effective-conf.ts'
import { isInternalKey } from '../../spark-conf/internal-keys.ts'
import type { Language } from '../../spark-conf/spark-memory.ts'
import { parseSparkVersion, type SparkVersion } from '../../spark-conf/spark-version.ts'
import { type Input, toApplicationInput } from '../../static-checks/input.ts'

/** The configuration of an application, as read from the cluster. */
export interface LiveApplication {
  /** Null if no SparkApplication or driver with the name exists or could be read. */
  readonly input: Input | null
  readonly driverLimitMiB: number | null
  readonly pod: string | null
  readonly unknown: readonly Unknown[]
}

/**
 * Reads the SparkApplication with the name, which configures the next driver. If there is none, reads the configuration
 * of the driver with the name.
 */
export async function readLiveApplication(
  api: KubernetesApi,
  namespace: string,
  name: string,
  version: SparkVersion | undefined,
): Promise<LiveApplication> {
  const unknown: Unknown[] = []
  const note = (what: string, source: string, why: string) => unknown.push({ what, source, why })
  const ns = encodeURIComponent(namespace)
  const pod = await findDriver(api, ns, name, note)
  const driver = pod === null ? undefined : pod.spec.containers[findDriverContainerIndex(pod.spec) ?? -1]
  const limit = driver?.resources?.limits?.memory
  const limitMilli = limit === undefined ? undefined : parseQuantityMilli(limit)
  const driverLimitMiB = limitMilli === undefined ? null : Math.floor(limitMilli / 1000 / 1024 ** 2)
  const common = { driverLimitMiB, pod: pod?.metadata?.name ?? null, unknown }
  for (const { operator, group, version: apiVersion } of sparkApplicationApis) {
    const path = `/apis/${group}/${apiVersion}/namespaces/${ns}/sparkapplications/${encodeURIComponent(name)}`
    const found = await getObject(api, path)
    if (found.kind === 'unreadable') note(`SparkApplication ${name}`, group, found.detail)
    else if (isRecord(found.value)) {
      const origin = createLiveOrigin(`SparkApplication ${name}`)
      const object = { apiVersion: `${group}/${apiVersion}`, kind: 'SparkApplication', ...found.value }
      return { ...common, input: toApplicationInput(object, operator, version, origin) }
    }
  }
  if (pod === null) return { ...common, input: null }
  return { ...common, input: await readDriverConf(api, ns, pod, version, note) }
}

type Note = (what: string, source: string, why: string) => void

/** Finds the newest driver pod by its name, by a label with the application's name, or as `<name>-driver`. */
async function findDriver(api: KubernetesApi, ns: string, name: string, note: Note): Promise<Pod | null> {
  const listed = await listObjects(api, `/api/v1/namespaces/${ns}/pods`, 'spark-role=driver')
  if (listed.kind === 'unreadable') {
    note('the driver pod', 'pods', listed.detail)
    return null
  }
  const names = ['sparkoperator.k8s.io/app-name', 'spark.operator/spark-app-name', 'spark-app-name']
  const drivers = listed.value
    .flatMap((object) => parsePod(object) ?? [])
    .filter(({ metadata }) => {
      const isNamed = metadata?.name === name || metadata?.name === `${name}-driver`
      return isNamed || names.some((label) => metadata?.labels?.[label] === name)
    })
  const createdAt = (pod: Pod) => String(toRecord(pod.metadata).creationTimestamp ?? '')
  return drivers.toSorted((a, b) => createdAt(b).localeCompare(createdAt(a)))[0] ?? null
}

/** Reads the configuration of a running driver: its ConfigMap, and the flags in its arguments. */
async function readDriverConf(
  api: KubernetesApi,
  ns: string,
  pod: Pod,
  version: SparkVersion | undefined,
  note: Note,
): Promise<Input | null> {
  const configMap = pod.spec.volumes?.find(({ name }) => name.startsWith('spark-conf-volume'))?.configMap
  const mapName = toRecord(configMap).name
  if (typeof mapName !== 'string') return null
  const source = `ConfigMap ${mapName}`
  const text = await readProperties(api, `/api/v1/namespaces/${ns}/configmaps/${encodeURIComponent(mapName)}`)
  if (text.kind === 'unreadable') {
    note('the configuration of the driver', source, text.detail)
    return null
  }
  const driver = pod.spec.containers[findDriverContainerIndex(pod.spec) ?? -1]
  const args = driver?.args ?? []
  const builder = createConfBuilder()
  const properties = parseProperties(text.value)
  for (const [key, value] of properties) if (!isInternalKey(key)) builder.set(key, value, { source })
  // Keys that spark-nanny's webhook adds are internal.
  for (const [key, value] of parseConfArguments(args)) {
    if (!isInternalKey(key)) builder.set(key, value, { source: 'arguments of the driver' })
  }
  const label = pod.metadata?.labels?.['spark-version']
  const labelled = label === undefined ? undefined : parseSparkVersion(label)
  const known = version ?? labelled
  return {
    kind: 'conf',
    name: source,
    conf: builder.build(detectLanguage(properties), known),
    mainFile: args.at(-1),
    mode: 'cluster',
    isWhole: true,
    command: null,
  }
}

async function readProperties(api: KubernetesApi, path: string): Promise<ApiReading<string>> {
  const found = await getObject(api, path)
  if (found.kind === 'unreadable') return found
  const text = toRecord(toRecord(found.value).data)['spark.properties']
  return typeof text === 'string' ? readable(text) : unreadable('it is missing or empty')
}

/** The settings in `--conf KEY=VALUE` arguments. */
function parseConfArguments(args: readonly string[]): readonly (readonly [key: string, value: string])[] {
  return args.flatMap((word, index) => {
    const [, key, value = ''] = (word === '--conf' && /^([^=]+)=(.*)$/s.exec(args[index + 1] ?? '')) || []
    return key === undefined ? [] : [[key, value] as const]
  })
}

function detectLanguage(properties: ReadonlyMap<string, string>): Language {
  const type = properties.get('spark.kubernetes.resource.type')
  return type === 'python' || type === 'r' ? type : 'jvm'
}
