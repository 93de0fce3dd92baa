import type { Finding } from '../findings/findings.ts'
import type { RemedyContext } from '../findings/remedies.ts'
import { sortFindings, toFinding } from '../static-checks/run.ts'
import { validateChecks } from './catalogue.ts'
import { conflicts } from './rules/conflicts.ts'
import { keys } from './rules/keys.ts'
import { kubernetes } from './rules/kubernetes.ts'
import { memory } from './rules/memory.ts'
import { values } from './rules/values.ts'
import type { ValidateRule, ValidationSubject, ValidationViolations } from './subject.ts'

const rules: readonly ValidateRule[] = [values, keys, conflicts, memory, kubernetes, settings]

/** All problems of the configuration, errors first. Pure. */
export function validate(subject: ValidationSubject, context: RemedyContext): readonly Finding[] {
  const violations = rules.flatMap((rule) => rule(subject))
  return sortFindings(violations.map((violation) => toFinding(validateChecks[violation.check], violation, context)))
}

function settings({ settingProblems, origin }: ValidationSubject): ValidationViolations {
  return settingProblems.map(({ key, value, message }) => ({
    check: 'setting',
    details: { message },
    evidence: [{ source: origin, line: null, excerpt: `${key}: ${value}`, count: 1 }],
  }))
}
