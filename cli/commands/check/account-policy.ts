import { toRecord, toRecords, toStringOrEmpty } from '../../../core/json.ts'

/** The parts of a ValidatingAdmissionPolicy that the checks use. */
export interface AccountPolicy {
  readonly name: string
  /** The resources whose changes it validates. */
  readonly resources: readonly string[]
  /** The expressions of its matchConditions, which name the account that it restricts. */
  readonly conditions: readonly string[]
  /** Whether a binding makes it reject requests. */
  readonly isEnforced: boolean
}

/** The resources with permissions that do harm unless policies of the chart restrict them (charts/spark-nanny/files/policies.yaml). */
export const restrictedResources = ['pods', 'sparkapplications', 'mutatingwebhookconfigurations'] as const

export function parseAccountPolicies(
  policies: readonly unknown[],
  bindings: readonly unknown[],
): readonly AccountPolicy[] {
  const enforced = bindings
    .map((binding) => toRecord(toRecord(binding).spec))
    .filter(({ validationActions }) => Array.isArray(validationActions) && validationActions.includes('Deny'))
    .map(({ policyName }) => policyName)
  return policies.map((policy) => {
    const { metadata, spec } = toRecord(policy)
    const name = toStringOrEmpty(toRecord(metadata).name)
    const { matchConstraints, matchConditions } = toRecord(spec)
    const rules = toRecords(toRecord(matchConstraints).resourceRules)
    return {
      name,
      resources: rules.flatMap(({ resources }) => (Array.isArray(resources) ? resources.map(String) : [])),
      conditions: toRecords(matchConditions).map(({ expression }) => toStringOrEmpty(expression)),
      isEnforced: enforced.includes(name),
    }
  })
}
