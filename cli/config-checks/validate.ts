import type { Finding } from '../findings/findings.ts'
import type { RemedyContext } from '../findings/remedies.ts'
import type { DuplicateKey } from '../manifests/yaml-lines.ts'
import type { ResourceInput } from '../static-checks/input.ts'
import { sortFindings, toFinding } from '../static-checks/run.ts'
import { validateChecks } from './catalogue.ts'
import { conflicts } from './rules/conflicts.ts'
import { keys } from './rules/keys.ts'
import { kubernetes } from './rules/kubernetes.ts'
import { memory } from './rules/memory.ts'
import { startUp } from './rules/start-up.ts'
import { values } from './rules/values.ts'
import { checkResource, describeSchema } from './schema.ts'
import type { ValidateRule, ValidationSubject, ValidationViolations } from './subject.ts'

const rules: readonly ValidateRule[] = [schema, values, keys, conflicts, memory, kubernetes, startUp, settings]

/**
 * All problems of the configuration, errors first. Pure. Of an object that no release of its operator serves, this is the only
 * problem: its other fields have another meaning there.
 */
export function validate(subject: ValidationSubject, context: RemedyContext): readonly Finding[] {
  const applicable = isServed(subject) ? rules : [schema]
  return toFindings(
    applicable.flatMap((rule) => rule(subject)),
    context,
  )
}

/** Whether a release of the operator serves the object's version. True for a configuration. */
export const isServed = ({ schema: found }: ValidationSubject): boolean => found?.check.kind !== 'not-served'

/** The problems of another kind of an operator's API group. */
export const validateResource = (resource: ResourceInput, context: RemedyContext): readonly Finding[] =>
  toFindings(describeSchema(checkResource(resource), resource.origin), context)

/** Reports the keys that a map of the file contains more than once. */
export function reportDuplicates(
  source: string,
  duplicates: readonly DuplicateKey[],
  context: RemedyContext,
): readonly Finding[] {
  const violations = duplicates.map(({ key, line, earlierLine }) => ({
    check: 'duplicateKey' as const,
    details: { key, line: String(line), earlier: String(earlierLine) },
    evidence: [
      { source, line: earlierLine, excerpt: `${key}:`, count: 1 },
      { source, line, excerpt: `${key}:`, count: 1 },
    ] as const,
  }))
  return toFindings(violations, context)
}

function toFindings(violations: ValidationViolations, context: RemedyContext): readonly Finding[] {
  return sortFindings(violations.map((violation) => toFinding(validateChecks[violation.check], violation, context)))
}

function schema({ schema: found }: ValidationSubject): ValidationViolations {
  return found === null ? [] : describeSchema(found.check, found.origin)
}

function settings({ settingProblems, origin }: ValidationSubject): ValidationViolations {
  return settingProblems.map(({ key, value, message }) => ({
    check: 'setting',
    details: { message },
    evidence: [{ source: origin, line: null, excerpt: `${key}: ${value}`, count: 1 }],
  }))
}
