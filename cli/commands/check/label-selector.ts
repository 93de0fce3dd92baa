import { isRecord, toRecord } from '../../../core/json.ts'

/** Kubernetes' LabelSelector, with matchLabels turned into expressions. Empty: everything. */
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

/** As metav1.LabelSelectorAsSelector: an absent label satisfies NotIn. */
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
