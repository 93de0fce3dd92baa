import type { DriverSubject } from '../evidence/evidence.ts'
import type { Cause, Diagnosis, DriverPhase, Finding, FindingId, Severity } from '../findings/findings.ts'
import type { LogLine } from '../log/scan.ts'

/** The description of a rule, independent of a finding. */
export interface RuleMetadata {
  readonly id: FindingId
  readonly title: string
  readonly meaning: string
  readonly cause: Cause
  readonly severity: Severity
}

/** The input of the renderers. */
export interface Report {
  readonly subject: DriverSubject
  readonly version: string
  readonly diagnosis: Diagnosis
  /** The rules that the findings may come from. */
  readonly rules: readonly RuleMetadata[]
  /** Last lines of the log, shown if there are no findings. */
  readonly tail: readonly LogLine[]
  /** The input of `validate` or `preflight`. Undefined in a report about a driver. */
  readonly checked?: Checked
}

export interface Checked {
  readonly command: 'validate' | 'preflight'
  /** Name of the file or application. */
  readonly name: string
  /** Whether --offline was set. If so, facts that only the cluster knows are not counted as failures. */
  readonly offline?: boolean
}

export const outputForms = ['text', 'json', 'sarif', 'junit', 'markdown'] as const
export type OutputForm = (typeof outputForms)[number]

/** `namespace/pod`, or the application if there is no pod. Without a namespace, only the name of the application. */
export function formatSubject({ namespace, pod, application }: DriverSubject): string {
  if (namespace === '') return application ?? '?'
  return `${namespace}/${pod ?? application ?? '?'}`
}

/** The first line of the report: the name of its subject, with the words before and after it. */
export function headline({ subject, diagnosis, checked }: Report): {
  readonly before: string
  readonly name: string
  readonly after: string
} {
  const name = formatSubject(subject)
  return checked === undefined
    ? { before: 'Driver ', name, after: ` ${states[diagnosis.state]}` }
    : { before: `${titles[checked.command]} `, name, after: '' }
}

const titles = { validate: 'Configuration of', preflight: 'Preflight check of' } as const

const states = {
  absent: 'does not exist: its pod was deleted or never created',
  unknown: 'is in an unknown state',
  pending: 'has not started',
  running: 'is running',
  hung: 'is running, but hung',
  completed: 'has completed',
  failed: 'has failed',
} as const satisfies Record<DriverPhase, string>

/** Groups the findings: each root cause with its symptoms. */
export function groupByRoot(
  findings: readonly Finding[],
): readonly { readonly root: Finding; readonly symptoms: readonly Finding[] }[] {
  return findings
    .filter(({ symptomOf }) => symptomOf === null)
    .map((root) => ({ root, symptoms: findings.filter(({ symptomOf }) => symptomOf === root.id) }))
}

/** The location of evidence, such as `driver.log:72`. */
export const formatPlace = ({ source, line }: { readonly source: string; readonly line: number | null }): string =>
  line === null ? source : `${source}:${line}`
