import type { DriverSubject } from '../evidence/evidence.ts'
import type { Cause, Diagnosis, DriverPhase, Finding, FindingId, Severity } from '../findings/findings.ts'
import type { LogLine } from '../log/scan.ts'

/** What a report says about a rule, apart from a single finding. */
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
  /** The end of the log, for when nothing was found. */
  readonly tail: readonly LogLine[]
  /** Of checks before a run: what was looked at. Absent: a driver was. */
  readonly checked?: Checked
}

export interface Checked {
  readonly command: 'validate' | 'preflight'
  /** A file, or an application. */
  readonly name: string
  /** The caller did not want a cluster asked: what is unknown for that is no failure. */
  readonly offline?: boolean
}

export const outputForms = ['text', 'json', 'sarif', 'junit', 'markdown'] as const
export type OutputForm = (typeof outputForms)[number]

/** `namespace/pod`, or the application where there is no pod; what is not in a cluster yet has its name only. */
export function formatSubject({ namespace, pod, application }: DriverSubject): string {
  if (namespace === '') return application ?? '?'
  return `${namespace}/${pod ?? application ?? '?'}`
}

/** What is said first, and of whom; `bold` marks the name. */
export function headline({ subject, diagnosis, checked }: Report, bold: (name: string) => string): string {
  const name = bold(printable(formatSubject(subject)))
  return checked === undefined ? `Driver ${name} ${states[diagnosis.state]}` : `${titles[checked.command]} ${name}`
}

const titles = { validate: 'Configuration of', preflight: 'Before a submission:' } as const

const states = {
  absent: 'is gone, or was never there: there is no such pod',
  unknown: 'is in a state that is not known',
  pending: 'has not started',
  running: 'runs',
  hung: 'runs, and hangs',
  completed: 'has completed',
  failed: 'has failed',
} as const satisfies Record<DriverPhase, string>

/** Each root with its symptoms. */
export function groupByRoot(
  findings: readonly Finding[],
): readonly { readonly root: Finding; readonly symptoms: readonly Finding[] }[] {
  return findings
    .filter(({ symptomOf }) => symptomOf === null)
    .map((root) => ({ root, symptoms: findings.filter(({ symptomOf }) => symptomOf === root.id) }))
}

/** Where an evidence stands: `driver.log:72`. */
export const formatPlace = ({ source, line }: { readonly source: string; readonly line: number | null }): string =>
  line === null ? source : `${source}:${line}`

/** Names in a terminal or a report may come from anywhere: no control characters of theirs reach it. */
export const printable = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, ' ')
