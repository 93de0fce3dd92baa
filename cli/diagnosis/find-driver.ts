import { isRecord, parseItems, stringsField, textField, timeField, toRecord } from '../../core/json.ts'
import { parsePod } from '../../core/kubernetes/parse-objects.ts'
import { sparkApplicationApis } from '../../core/spark/application.ts'
import { findApplicationReference } from '../../core/spark/application-reference.ts'
import { type ClusterReader, namespacedPath } from '../cluster/cluster-reader.ts'
import { absent, type EvidenceReading, valueIn } from '../evidence/evidence.ts'

/** The driver pod and its SparkApplication. Each is found through the other, even if one has been deleted. */
export interface FoundDriver {
  readonly podName: string | null
  readonly pod: EvidenceReading<unknown>
  readonly applicationName: string | null
  readonly application: EvidenceReading<unknown>
}

export async function findByPod(reader: ClusterReader, namespace: string, podName: string): Promise<FoundDriver> {
  const pod = await reader.get(namespacedPath(namespace, 'pods', podName), `pod ${namespace}/${podName}`)
  if (pod.kind === 'unreadable')
    return { podName, pod, applicationName: null, application: unknownApplication(pod.why) }
  const object = valueIn(pod)
  const parsed = object === undefined ? undefined : parsePod(object)
  const reference = parsed && findApplicationReference(parsed, namespace)
  if (reference !== undefined) {
    const application = await getApplication(reader, namespace, reference.name, [reference.operator])
    return { podName, pod, applicationName: reference.name, application }
  }
  // An existing pod without a reference does not belong to a SparkApplication.
  const application = pod.kind === 'read' ? absent : await applicationOfPod(reader, namespace, podName)
  return { podName, pod, applicationName: readName(valueIn(application)), application }
}

export async function findByApplication(reader: ClusterReader, namespace: string, name: string): Promise<FoundDriver> {
  const application = await getApplication(reader, namespace, name, ['kubeflow', 'apache'])
  const named = textField(toRecord(toRecord(valueIn(application)).status).driverInfo, 'podName')
  const list = await reader.list(
    `${namespacedPath(namespace, 'pods')}?labelSelector=spark-role%3Ddriver`,
    `drivers in ${namespace}`,
  )
  const isPlain = application.kind !== 'read'
  const pods = parseItems(valueIn(list)).filter(
    (pod) => readName(pod) === named || belongsToApplication(pod, name, isPlain),
  )
  const newest = pods.toSorted((a, b) => created(b) - created(a))[0]
  if (newest !== undefined) {
    const podName = readName(newest)
    return {
      podName,
      pod: { kind: 'read', value: newest, source: `pod ${namespace}/${podName}` },
      applicationName: name,
      application,
    }
  }
  const pod = list.kind === 'unreadable' ? list : absent
  return { podName: named, pod, applicationName: name, application }
}

const unknownApplication = (why: string): EvidenceReading<never> => ({
  kind: 'unreadable',
  source: 'SparkApplication of the pod',
  why,
})
const readName = (object: unknown) => textField(toRecord(object).metadata, 'name')
const created = (object: unknown) => timeField(toRecord(object).metadata, 'creationTimestamp') ?? 0

/** Matches the operator's label. Pods of plain spark-submit are matched by Spark's own label, which applications may change. */
function belongsToApplication(pod: unknown, application: string, isPlain: boolean): boolean {
  const labels = stringsField(toRecord(pod).metadata, 'labels')
  const names = sparkApplicationApis.flatMap(({ nameLabel }) => labels[nameLabel] ?? [])
  return names.length > 0 ? names.includes(application) : isPlain && labels['spark-app-name'] === application
}

type Operator = (typeof sparkApplicationApis)[number]['operator']

/** Reads the SparkApplication from the first operator API that has it. */
async function getApplication(
  reader: ClusterReader,
  namespace: string,
  name: string,
  operators: readonly Operator[],
): Promise<EvidenceReading<unknown>> {
  let unknown: EvidenceReading<unknown> = absent
  for (const { operator, group, version } of sparkApplicationApis) {
    if (!operators.includes(operator)) continue
    const path = namespacedPath(namespace, 'sparkapplications', name, `/apis/${group}/${version}`)
    const reading = await reader.get(path, `SparkApplication ${namespace}/${name}`)
    if (reading.kind === 'read') return reading
    if (reading.kind === 'unreadable') unknown = reading
  }
  return unknown
}

/** Finds the SparkApplication whose status names the pod as its driver. */
async function applicationOfPod(
  reader: ClusterReader,
  namespace: string,
  podName: string,
): Promise<EvidenceReading<unknown>> {
  let unknown: EvidenceReading<unknown> = absent
  for (const { group, version } of sparkApplicationApis) {
    const path = namespacedPath(namespace, 'sparkapplications', undefined, `/apis/${group}/${version}`)
    const source = `SparkApplications in ${namespace}`
    const list = await reader.list(path, source)
    if (list.kind === 'unreadable') unknown = list
    const { apiVersion } = toRecord(valueIn(list))
    const found = parseItems(valueIn(list)).find(
      (item) => textField(toRecord(item.status).driverInfo, 'podName') === podName,
    )
    // The items of a list have no kind or apiVersion.
    if (isRecord(found)) {
      const value = { apiVersion, kind: 'SparkApplication', ...found }
      return { kind: 'read', value, source: `SparkApplication ${namespace}/${readName(found)}` }
    }
  }
  return unknown
}
