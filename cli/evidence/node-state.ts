import { asText, recordOf } from '../../core/json.ts'
import { type Condition, parseConditions } from './driver-pod.ts'
import { listField, stringsField, textField } from './fields.ts'

export interface NodeState {
  readonly name: string
  readonly conditions: readonly Condition[]
  readonly unschedulable: boolean
  readonly taints: readonly string[]
  readonly allocatable: Readonly<Record<string, string>>
}

export function parseNode(object: unknown): NodeState | undefined {
  const { metadata, spec, status } = recordOf(object)
  const name = textField(metadata, 'name')
  if (name === null || recordOf(status).conditions === undefined) return undefined
  return {
    name,
    conditions: parseConditions(status),
    unschedulable: recordOf(spec).unschedulable === true,
    taints: listField(spec, 'taints').map(({ key, effect }) => `${asText(key)}:${asText(effect)}`),
    allocatable: stringsField(status, 'allocatable'),
  }
}
