import { isRecord, listField, numberField, stringsField, textField, toRecord, toText } from '../../../../core/json.ts'
import { parsePod } from '../../../../core/kubernetes/parse-objects.ts'
import { parseSparkApplication } from '../../../../core/spark/application.ts'
import type { ApplicationFacts, LivePod } from './cluster-facts.ts'

/** Parses a SparkApplication. Undefined if the object is another kind, or has no uid or resourceVersion. */
export function parseLiveApplication(object: unknown): ApplicationFacts | undefined {
  const parsed = parseSparkApplication(object)
  if (parsed === undefined || !isRecord(object)) return undefined
  const { metadata } = object
  const uid = textField(metadata, 'uid')
  const resourceVersion = textField(metadata, 'resourceVersion')
  if (uid === null || resourceVersion === null) return undefined
  return {
    operator: parsed.operator,
    namespace: parsed.namespace,
    name: parsed.name,
    uid,
    resourceVersion,
    generation: numberField(metadata, 'generation'),
    labels: stringsField(metadata, 'labels'),
    annotations: parsed.annotations,
    owners: listField(metadata, 'ownerReferences').map(({ kind, name }) => `${toText(kind)}/${toText(name)}`),
    deleting: textField(metadata, 'deletionTimestamp') !== null,
    object,
  }
}

/** Parses a pod. Undefined if the object has no name, uid or resourceVersion. */
export function parseLivePod(object: unknown): LivePod | undefined {
  const { metadata } = toRecord(object)
  const [name, uid, resourceVersion] = ['name', 'uid', 'resourceVersion'].map((field) => textField(metadata, field))
  if (name == null || uid == null || resourceVersion == null) return undefined
  const { finalizers } = toRecord(metadata)
  const { phase } = toRecord(toRecord(object).status)
  return {
    name,
    uid,
    resourceVersion,
    annotations: stringsField(metadata, 'annotations'),
    labels: stringsField(metadata, 'labels'),
    ownerUids: listField(metadata, 'ownerReferences').map((owner) => String(owner.uid)),
    finalizers: Array.isArray(finalizers) ? finalizers.map(String) : [],
    ended: phase === 'Failed' || phase === 'Succeeded',
    pod: parsePod(object),
  }
}
