import { isRecord, toRecord } from '../../../core/json.ts'

/** A Kubernetes LabelSelector whose matchLabels are converted to expressions. An empty selector matches everything. */
export type LabelSelector = readonly Requirement[]

interface Requirement {
  readonly key: string
  readonly operator: string
  readonly values: readonly string[]
}

export function parseLabelSelector(value: unknown): LabelSelector {
  const { matchLabels, matchExpressions } = toRecord(value)
  return [
    ...Object.entries(toRecord(matchLabels)).map(([key, label]) => ({ key, operator: 'In', values: [String(label)] })),
    ...(Array.isArray(matchExpressions) ? matchExpressions.filter(isRecord) : []).map(({ key, operator, values }) => ({
      key: String(key),
      operator: String(operator),
      values: Array.isArray(values) ? values.map(String) : [],
    })),
  ]
}

/** Same semantics as metav1.LabelSelectorAsSelector: a missing label satisfies NotIn. */
export function matchesSelector(selector: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  return selector.every(({ key, operator, values }) => {
    const label = Object.hasOwn(labels, key) ? labels[key] : undefined
    switch (operator) {
      case 'In':
        return label !== undefined && values.includes(label)
      case 'NotIn':
        return label === undefined || !values.includes(label)
      case 'Exists':
        return label !== undefined
      case 'DoesNotExist':
        return label === undefined
      default:
        return false
    }
  })
}
