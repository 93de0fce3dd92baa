import { toRecord } from '../../core/json.ts'
import { parseProperties } from '../../core/spark/properties.ts'
import { type ClusterReader, createClusterReader, namespacedPath } from '../cluster/cluster-reader.ts'
import type { Connection } from '../cluster/connect.ts'
import { type DriverPod, parseDriverPod } from '../evidence/driver-pod.ts'
import { absent, type DriverSubject, type Evidence, type Reading, valueIn } from '../evidence/evidence.ts'
import { listField, numberField, parseItems, stringsField, textField } from '../evidence/fields.ts'
import type { CliIo } from '../io/cli-io.ts'
import { type Redactor, redactConf } from '../redaction/redactor.ts'
import { buildRedactor } from './build-redactor.ts'
import { collectLog } from './collect-log.ts'
import { collectSidecar, collectUi } from './collect-ui.ts'
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
  tell: (text: string) => void,
): Promise<Evidence> {
  if (save !== undefined) await prepareBundle(save, io)
  const collectedMs = io.nowMs()
  const asking = createClusterReader(api, collectedMs + timeoutMs, io.nowMs)
  tell('searching for the driver …')
  const driver =
    target.kind === 'pod'
      ? await findByPod(asking, namespace, target.pod)
      : await findByApplication(asking, namespace, target.application)
  tell('reading events, node and settings …')
  const raw = await collectDocuments(asking, namespace, driver)
  const redactor = buildRedactor(raw)
  const documents = toDocuments((name) =>
    name === 'conf' ? redactedConf(raw.conf, redactor) : redactedJson(raw[name], redactor),
  )
  tell('reading the driver log …')
  const parsed = readDocuments(documents)
  const pod = valueIn(parsed.pod)
  const ofLog = (previous: boolean) =>
    pod === undefined || (previous && pod.driver.restarts === 0)
      ? Promise.resolve({ reading: pod === undefined ? missingLog(parsed.pod, previous) : absent, saved: null })
      : collectLog(
          asking,
          { namespace, pod: pod.name, container: pod.driver.name, previous, keep: save !== undefined },
          redactor,
        )
  const [log, previousLog] = [await ofLog(false), await ofLog(true)]
  const subject: DriverSubject = { namespace, pod: driver.podName, application: driver.applicationName }
  const evidence: Evidence = { ...parsed, subject, collectedMs, log: log.reading, previousLog: previousLog.reading }
  if (save !== undefined) await saveBundle(save, version, evidence, documents, [log, previousLog], io)
  return evidence
}

/** Reads all documents except the logs, without redaction. */
async function collectDocuments(asking: ClusterReader, namespace: string, driver: FoundDriver): Promise<Documents> {
  const pod = driver.pod.kind === 'read' ? parseDriverPod(driver.pod.value) : undefined
  const [events, node, quotas, service, sidecar, ui, conf] = await Promise.all([
    collectEvents(asking, namespace, [driver.podName, driver.applicationName]),
    pod?.node == null ? absent : asking.get(`/api/v1/nodes/${encodeURIComponent(pod.node)}`, `node ${pod.node}`),
    collectQuotas(asking, namespace),
    pod === undefined ? absent : collectService(asking, pod),
    pod === undefined ? absent : collectSidecar(asking, pod),
    pod === undefined ? { threads: absent, executors: absent } : collectUi(asking, pod, uiPort(driver.pod)),
    pod?.confMap == null ? absent : collectConf(asking, namespace, pod.confMap),
  ])
  return { pod: driver.pod, application: driver.application, events, node, quotas, service, sidecar, ...ui, conf }
}

/** Reads the Events of the pod and of the SparkApplication; operators write Events to the latter. */
async function collectEvents(
  asking: ClusterReader,
  namespace: string,
  names: readonly (string | null)[],
): Promise<Reading<unknown>> {
  const items: unknown[] = []
  for (const name of new Set(names)) {
    if (name === null) continue
    const query = `fieldSelector=${encodeURIComponent(`involvedObject.name=${name}`)}`
    const list = await asking.list(`${namespacedPath(namespace, 'events')}?${query}`, `events of ${namespace}/${name}`)
    if (list.kind !== 'read') return list
    items.push(...parseItems(list.value))
  }
  return { kind: 'read', value: { apiVersion: 'v1', kind: 'List', items }, source: 'events' }
}

/** Reads ResourceQuotas and LimitRanges. */
async function collectQuotas(asking: ClusterReader, namespace: string): Promise<Reading<unknown>> {
  const items: unknown[] = []
  for (const [plural, kind] of [
    ['resourcequotas', 'ResourceQuota'],
    ['limitranges', 'LimitRange'],
  ] as const) {
    const list = await asking.list(namespacedPath(namespace, plural), `${plural} in ${namespace}`)
    if (list.kind !== 'read') return list
    items.push(...parseItems(list.value).map((item) => ({ apiVersion: 'v1', kind, ...item })))
  }
  return { kind: 'read', value: { apiVersion: 'v1', kind: 'List', items }, source: 'quotas' }
}

/** Finds the driver's Service by its owner reference, because Spark does not name the Service after the pod. */
async function collectService(asking: ClusterReader, { namespace, uid }: DriverPod): Promise<Reading<unknown>> {
  const list = await asking.list(namespacedPath(namespace, 'services'), `services in ${namespace}`)
  if (list.kind !== 'read') return list
  const found = parseItems(list.value).find(
    ({ metadata }) =>
      textField(metadata, 'name')?.endsWith('-driver-svc') === true &&
      listField(metadata, 'ownerReferences').some((owner) => owner.uid === uid),
  )
  return found === undefined ? absent : { kind: 'read', value: found, source: 'service' }
}

/** Reads spark.properties from the driver's ConfigMap, as text. */
async function collectConf(asking: ClusterReader, namespace: string, name: string): Promise<Reading<unknown>> {
  const source = `configmap ${namespace}/${name}`
  const map = await asking.get(namespacedPath(namespace, 'configmaps', name), source)
  if (map.kind !== 'read') return map
  const text = stringsField(map.value, 'data')['spark.properties']
  return text === undefined ? absent : { kind: 'read', value: text, source }
}

/** The container port that Spark names spark-ui, or Spark's default port. */
export function uiPort(pod: Reading<unknown>): number {
  const ports = listField(toRecord(valueIn(pod)).spec, 'containers').flatMap((container) =>
    listField(container, 'ports'),
  )
  return (
    numberField(
      ports.find(({ name }) => name === 'spark-ui'),
      'containerPort',
    ) ?? 4040
  )
}

const missingLog = (pod: Reading<unknown>, previous: boolean): Reading<never> =>
  pod.kind === 'unknown' && !previous
    ? { kind: 'unknown', source: 'driver.log', why: 'the pod could not be read' }
    : absent

const redactedJson = (reading: Reading<unknown>, redactor: Redactor): Reading<unknown> =>
  reading.kind === 'read' ? { ...reading, value: redactor.json(reading.value) } : reading

/** Rewrites the properties with one entry per line, so that no part of a secret remains in a continuation line. */
function redactedConf(reading: Reading<unknown>, redactor: Redactor): Reading<unknown> {
  if (reading.kind !== 'read') return reading
  const conf = redactConf(parseProperties(String(reading.value)), redactor)
  const escaped = (text: string) =>
    text.replace(/[\\\n\r\t]/g, (sign) => ({ '\n': '\\n', '\r': '\\r', '\t': '\\t' })[sign] ?? '\\\\')
  const lines = [...conf].map(([key, value]) => `${key.replace(/[\\ =:]/g, '\\$&')}=${escaped(value)}\n`)
  return { ...reading, value: lines.join('') }
}
