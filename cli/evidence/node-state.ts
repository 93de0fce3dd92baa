import { listField, stringsField, textField, toRecord, toText } from '../../core/json.ts'
import { type Condition, parseConditions } from './driver-pod.ts'

export interface NodeConditions {
  readonly name: string
  readonly conditions: readonly Condition[]
  readonly unschedulable: boolean
  readonly taints: readonly string[]
  readonly allocatable: Readonly<Record<string, string>>
}

export function parseNode(object: unknown): NodeConditions | undefined {
  const { metadata, spec, status } = toRecord(object)
  const name = textField(metadata, 'name')
  if (name === null || toRecord(status).conditions === undefined) return undefined
  return {
    name,
    conditions: parseConditions(status),
    unschedulable: toRecord(spec).unschedulable === true,
    taints: listField(spec, 'taints').map(({ key, effect }) => `${toText(key)}:${toText(effect)}`),
    allocatable: stringsField(status, 'allocatable'),
  }
}
