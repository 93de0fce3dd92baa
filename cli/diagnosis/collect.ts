import { listField, parseItems, stringsField, textField } from '../../core/json.ts'
import { parseProperties } from '../../core/spark/properties.ts'
import { type ClusterReader, createClusterReader, namespacedPath } from '../cluster/cluster-reader.ts'
import type { Connection } from '../cluster/connect.ts'
import type { DriverPod } from '../evidence/driver-pod.ts'
import { absent, type DriverSubject, type Evidence, type EvidenceReading, valueIn } from '../evidence/evidence.ts'
import type { CliIo } from '../io/cli-io.ts'
import { type Redactor, redactConf } from '../redaction/redactor.ts'
import { buildRedactor } from './build-redactor.ts'
import { type CollectedLog, collectLog } from './collect-log.ts'
import { collectBlackBoxes, collectSidecar, collectUi } from './collect-ui.ts'
import { type CollectionPlan, planCollection, planLog } from './collection-plan.ts'
import { type Documents, readDocuments, toDocuments } from './documents.ts'
import { type FoundDriver, findByApplication, findByPod } from './find-driver.ts'
import { prepareBundle, saveBundle } from './save-bundle.ts'
import type { Target } from './target.ts'

/** Collects all evidence about one driver from the cluster within the timeout, and saves it if `save` is set. */
export async function collectLive(
  target: Exclude<Target, { readonly kind: 'bundle' }>,
  { timeoutMs, save }: { readonly timeoutMs: number; readonly save?: string },
  version: string,
  { api, namespace }: Connection,
  io: CliIo,
  showProgress: (text: string) => void,
): Promise<Evidence> {
  if (save !== undefined) await prepareBundle(save, io)
  const collectedMs = io.nowMs()
  const reader = createClusterReader(api, collectedMs + timeoutMs, io.nowMs)
  showProgress('searching for the driver …')
  const driver =
    target.kind === 'pod'
      ? await findByPod(reader, namespace, target.pod)
      : await findByApplication(reader, namespace, target.application)
  showProgress('reading events, node and settings …')
  const raw = await collectDocuments(reader, namespace, driver, planCollection(driver))
  const redactor = buildRedactor(raw)
  const documents = toDocuments((name) =>
    name === 'conf' ? redactedConf(raw.conf, redactor) : redactedJson(raw[name], redactor),
  )
  showProgress('reading the driver log …')
  const parsed = readDocuments(documents)
  const pod = valueIn(parsed.pod)
  const collect = async (previous: boolean): Promise<CollectedLog> => {
    const request = planLog(pod, namespace, previous, save !== undefined)
    if (request !== null) return collectLog(reader, request, redactor)
    return { reading: pod === undefined ? missingLog(parsed.pod, previous) : absent, saved: null }
  }
  const [log, previousLog] = [await collect(false), await collect(true)]
  const subject: DriverSubject = { namespace, pod: driver.podName, application: driver.applicationName }
  const evidence: Evidence = { ...parsed, subject, collectedMs, log: log.reading, previousLog: previousLog.reading }
  if (save !== undefined) await saveBundle(save, version, evidence, documents, [log, previousLog], io)
  return evidence
}

/** Reads all documents except the logs, without redaction. */
async function collectDocuments(
  reader: ClusterReader,
  namespace: string,
  { pod, application }: FoundDriver,
  plan: CollectionPlan,
): Promise<Documents> {
  const { eventsOf, node: nodeName, confMap, serviceOwner, sidecarOf, ui } = plan
  const [events, node, quotas, service, sidecar, uiReadings, conf] = await Promise.all([
    collectEvents(reader, namespace, eventsOf),
    nodeName === null ? absent : reader.get(`/api/v1/nodes/${encodeURIComponent(nodeName)}`, `node ${nodeName}`),
    collectQuotas(reader, namespace),
    serviceOwner === null ? absent : collectService(reader, serviceOwner),
    sidecarOf === null ? absent : collectSidecar(reader, sidecarOf),
    ui === null ? { threads: absent, executors: absent } : collectUi(reader, ui.pod, ui.port),
    confMap === null ? absent : collectConf(reader, namespace, confMap),
  ])
  const blackBoxes = sidecarOf === null ? absent : await collectBlackBoxes(reader, sidecarOf, sidecar)
  return { pod, application, events, node, quotas, service, sidecar, blackBoxes, ...uiReadings, conf }
}

/** Reads the Events of the objects with these names. */
async function collectEvents(
  reader: ClusterReader,
  namespace: string,
  names: readonly string[],
): Promise<EvidenceReading<unknown>> {
  const items: unknown[] = []
  for (const name of names) {
    const query = `fieldSelector=${encodeURIComponent(`involvedObject.name=${name}`)}`
    const list = await reader.list(`${namespacedPath(namespace, 'events')}?${query}`, `events of ${namespace}/${name}`)
    if (list.kind !== 'read') return list
    items.push(...parseItems(list.value))
  }
  return { kind: 'read', value: { apiVersion: 'v1', kind: 'List', items }, source: 'events' }
}

/** Reads ResourceQuotas and LimitRanges. */
async function collectQuotas(reader: ClusterReader, namespace: string): Promise<EvidenceReading<unknown>> {
  const items: unknown[] = []
  for (const [plural, kind] of [
    ['resourcequotas', 'ResourceQuota'],
    ['limitranges', 'LimitRange'],
  ] as const) {
    const list = await reader.list(namespacedPath(namespace, plural), `${plural} in ${namespace}`)
    if (list.kind !== 'read') return list
    items.push(...parseItems(list.value).map((item) => ({ apiVersion: 'v1', kind, ...item })))
  }
  return { kind: 'read', value: { apiVersion: 'v1', kind: 'List', items }, source: 'quotas' }
}

/** Finds the driver's Service by its owner reference, because Spark does not name the Service after the pod. */
async function collectService(reader: ClusterReader, { namespace, uid }: DriverPod): Promise<EvidenceReading<unknown>> {
  const list = await reader.list(namespacedPath(namespace, 'services'), `services in ${namespace}`)
  if (list.kind !== 'read') return list
  const found = parseItems(list.value).find(
    ({ metadata }) =>
      textField(metadata, 'name')?.endsWith('-driver-svc') === true &&
      listField(metadata, 'ownerReferences').some((owner) => owner.uid === uid),
  )
  return found === undefined ? absent : { kind: 'read', value: found, source: 'service' }
}

/** Reads spark.properties from the driver's ConfigMap, as text. */
async function collectConf(reader: ClusterReader, namespace: string, name: string): Promise<EvidenceReading<unknown>> {
  const source = `configmap ${namespace}/${name}`
  const map = await reader.get(namespacedPath(namespace, 'configmaps', name), source)
  if (map.kind !== 'read') return map
  const text = stringsField(map.value, 'data')['spark.properties']
  return text === undefined ? absent : { kind: 'read', value: text, source }
}

const missingLog = (pod: EvidenceReading<unknown>, previous: boolean): EvidenceReading<never> =>
  pod.kind === 'unreadable' && !previous
    ? { kind: 'unreadable', source: 'driver.log', why: 'the pod could not be read' }
    : absent

const redactedJson = (reading: EvidenceReading<unknown>, redactor: Redactor): EvidenceReading<unknown> =>
  reading.kind === 'read' ? { ...reading, value: redactor.json(reading.value) } : reading

/** Rewrites the properties with one entry per line, so that no part of a secret remains in a continuation line. */
function redactedConf(reading: EvidenceReading<unknown>, redactor: Redactor): EvidenceReading<unknown> {
  if (reading.kind !== 'read') return reading
  const conf = redactConf(parseProperties(String(reading.value)), redactor)
  const escaped = (text: string) =>
    text.replace(/[\\\n\r\t]/g, (sign) => ({ '\n': '\\n', '\r': '\\r', '\t': '\\t' })[sign] ?? '\\\\')
  const lines = [...conf].map(([key, value]) => `${key.replace(/[\\ =:]/g, '\\$&')}=${escaped(value)}\n`)
  return { ...reading, value: lines.join('') }
}
