import { isRecord, toRecord } from '../../../core/json.ts'
import { parsePod } from '../../../core/kubernetes/parse-objects.ts'
import { findDriverContainerIndex, type Pod } from '../../../core/kubernetes/pod.ts'
import { parseQuantityMilli } from '../../../core/kubernetes/quantity.ts'
import { sparkApplicationApis } from '../../../core/spark/application.ts'
import { parseProperties } from '../../../core/spark/properties.ts'
import type { KubernetesApi } from '../../../kubernetes/api.ts'
import { getObject, listObjects } from '../../cluster/requests.ts'
import type { Unknown } from '../../evidence/evidence.ts'
import { createConfBuilder } from '../../spark-conf/effective-conf.ts'
import { isInternalKey } from '../../spark-conf/internal-keys.ts'
import type { Language } from '../../spark-conf/spark-memory.ts'
import { parseImageVersion, parseSparkVersion, type SparkVersion } from '../../spark-conf/spark-version.ts'
import { type Input, toApplicationInput } from '../../static-checks/input.ts'

/** What a cluster knows of an application. */
export interface LiveApplication {
  /** Null: there is neither a SparkApplication nor a driver of that name, or none that could be read. */
  readonly input: Input | null
  readonly driverLimitMiB: number | null
  readonly pod: string | null
  readonly unknown: readonly Unknown[]
}

/**
 * The SparkApplication of that name, which says what the next driver gets; where there is none, what the driver of that
 * name got: its own ConfigMap, and the flags in its arguments.
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
      const origin = { source: `SparkApplication ${name}`, lineOf: () => null }
      return { ...common, input: toApplicationInput(found.value, operator, version, origin) }
    }
  }
  if (pod === null) return { ...common, input: null }
  return { ...common, input: await ofDriver(api, ns, pod, version, note) }
}

type Note = (what: string, source: string, why: string) => void

/** The newest driver pod of the name: its own, Spark's label, or `<name>-driver`. */
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

async function ofDriver(
  api: KubernetesApi,
  ns: string,
  pod: Pod,
  version: SparkVersion | undefined,
  note: Note,
): Promise<Input | null> {
  const driver = pod.spec.containers[findDriverContainerIndex(pod.spec) ?? -1]
  const configMap = pod.spec.volumes?.find(({ name }) => name.startsWith('spark-conf-volume'))?.configMap
  const mapName = toRecord(configMap).name
  if (typeof mapName !== 'string') return null
  const found = await getObject(api, `/api/v1/namespaces/${ns}/configmaps/${encodeURIComponent(mapName)}`)
  const text = found.kind === 'read' ? toRecord(toRecord(found.value).data)['spark.properties'] : undefined
  if (typeof text !== 'string') {
    note(
      'the configuration of the driver',
      `ConfigMap ${mapName}`,
      found.kind === 'read' ? 'it is absent or empty' : found.detail,
    )
    return null
  }
  const builder = createConfBuilder()
  const source = `ConfigMap ${mapName}`
  const properties = parseProperties(text)
  for (const [key, value] of properties) if (!isInternalKey(key)) builder.set(key, value, { source })
  const args = driver?.args ?? []
  for (const [index, word] of args.entries()) {
    const [, key, value = ''] = (word === '--conf' && /^([^=]+)=(.*)$/s.exec(args[index + 1] ?? '')) || []
    // What our webhook adds it adds for good reasons.
    if (key !== undefined && !isInternalKey(key)) builder.set(key, value, { source: 'arguments of the driver' })
  }
  const label = pod.metadata?.labels?.['spark-version']
  const known =
    version ?? (label === undefined ? undefined : parseSparkVersion(label)) ?? parseImageVersion(driver?.image ?? '')
  return { kind: 'conf', name: source, conf: builder.build(languageOf(properties), known), mainFile: args.at(-1) }
}

function languageOf(properties: ReadonlyMap<string, string>): Language {
  const type = properties.get('spark.kubernetes.resource.type')
  return type === 'python' || type === 'r' ? type : 'jvm'
}
