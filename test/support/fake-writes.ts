import { isRecord, toRecord } from '../../core/json.ts'
import type { FakeAnswer, FakeObject } from './fake-api-server.ts'

/** Where a written object is stored. The server sets its version and notifies the watches. */
export interface FakeStore {
  get(key: string): FakeObject | undefined
  put(object: FakeObject): FakeObject
  delete(object: FakeObject): void
}

export interface FakeWrite {
  readonly method: string
  readonly namespace: string
  /** Empty for a POST. */
  readonly name: string
  readonly contentType: string
  readonly body: unknown
}

const refusal = (code: number, reason: string): FakeAnswer => ({
  status: code,
  body: { kind: 'Status', code, reason, message: reason },
})

const stored = (status: number, object: FakeObject): FakeAnswer => ({ status, body: { kind: 'Object', ...object } })

/** POST, PUT, PATCH and DELETE with the preconditions of an API server: uid and resourceVersion must match, if present. */
export function writeObject(write: FakeWrite, store: FakeStore): FakeAnswer {
  const { method, namespace, contentType, body } = write
  const sent = toRecord(toRecord(body).metadata)
  const name = method === 'POST' ? String(sent.name) : write.name
  const found = store.get(`${namespace}/${name}`)
  if (method === 'POST') {
    if (found !== undefined) return refusal(409, 'AlreadyExists')
    const metadata = { uid: `uid-of-${name}`, ...sent, name, ...(namespace !== '' && { namespace }) }
    return stored(201, store.put({ ...toRecord(body), metadata }))
  }
  if (found === undefined) return refusal(404, 'NotFound')
  const wanted = method === 'DELETE' ? toRecord(toRecord(body).preconditions) : sent
  const differs = ['uid', 'resourceVersion'].some(
    (field) => wanted[field] !== undefined && wanted[field] !== found.metadata[field],
  )
  if (differs) return refusal(409, 'Conflict')
  if (method === 'DELETE') {
    store.delete(found)
    return stored(200, found)
  }
  if (method === 'PUT') return stored(200, store.put(body as FakeObject))
  const merged = applyMergePatch(found, body, contentType.includes('strategic'))
  return stored(200, store.put(withGeneration(found, merged as FakeObject)))
}

/** Increments the generation if the spec has changed. Objects without a generation stay without. */
function withGeneration(before: FakeObject, after: FakeObject): FakeObject {
  const { generation } = before.metadata
  const isSame = JSON.stringify(before.spec) === JSON.stringify(after.spec)
  if (typeof generation !== 'number' || isSame) return after
  return { ...after, metadata: { ...after.metadata, generation: generation + 1 } }
}

/** A merge patch (RFC 7396). A strategic one merges lists of named items by name. */
export function applyMergePatch(target: unknown, patch: unknown, strategic: boolean): unknown {
  if (strategic && Array.isArray(target) && Array.isArray(patch)) {
    return target.map((item: unknown) => {
      const change: unknown = patch.find((other: unknown) => toRecord(other).name === toRecord(item).name)
      return change === undefined ? item : applyMergePatch(item, change, strategic)
    })
  }
  if (!isRecord(patch)) return patch
  const result: Record<string, unknown> = { ...toRecord(target) }
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key]
    else result[key] = applyMergePatch(result[key], value, strategic)
  }
  return result
}

/** Whether an object has the labels of a selector: `a=b`, `a!=b` and `a in (b,c)`, comma-separated. */
export function isSelected(object: FakeObject, selector: string | null): boolean {
  if (selector === null || selector === '') return true
  const labels = toRecord(object.metadata.labels)
  return selector.split(/,(?![^(]*\))/).every((term) => {
    const [, key = '', values = ''] = /^\s*(\S+) in \((.*)\)\s*$/.exec(term) ?? []
    if (key !== '') return values.split(',').some((value) => value.trim() === labels[key])
    const [, name = '', not = '', value = ''] = /^([^!=]+)(!?)=(.*)$/.exec(term) ?? []
    return (labels[name] === value) === (not === '')
  })
}
