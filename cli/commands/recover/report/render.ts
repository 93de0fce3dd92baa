import type { DriverPhase } from '../../../findings/findings.ts'
import { printable } from '../../../render/report.ts'
import type { Style } from '../../../terminal/style.ts'
import { type DriverProgress, hasRecovered } from '../apply/driver-progress.ts'
import type { RecoverReport, RecoverResult } from '../apply/result.ts'
import { planLines } from './plan-lines.ts'

/** The whole report as one JSON document. */
export function renderRecoverJson({ version, subject, state, plan, result }: RecoverReport): string {
  return `${JSON.stringify({ version, subject, state, plan, result }, null, 2)}\n`
}

/** The plan as text. `willAct` says whether the plan is applied right away. */
export function renderPlan(
  { subject, state, plan }: Omit<RecoverReport, 'result'>,
  name: string,
  willAct: boolean,
  style: Style,
): string {
  const who = style.bold(printable(`${subject.namespace}/${subject.application ?? name}`))
  const last =
    willAct || plan.kind === 'refuse' || plan.kind === 'print-only'
      ? []
      : ['', 'Nothing was changed. Use --apply to run the plan and watch the driver.']
  return text([`Application ${who}: ${states[state]}.`, '', ...planLines(plan, subject.namespace, style), ...last])
}

/** The result as text, printed below the plan. */
export function renderResult(result: RecoverResult, style: Style): string {
  switch (result.kind) {
    case 'not-applicable':
      return text(['', style.yellow('‼ Nothing was changed: the plan has no step that --apply can run.')])
    case 'changed':
      return text([
        '',
        `${style.red('×')} The cluster has changed since the plan was made: ${printable(result.detail)}. Run the command again.`,
      ])
    case 'failed':
      return text(['', `${style.red('×')} ${printable(result.detail)}`, ...escalationLines(result.escalation)])
    case 'watched': {
      const { progress, recovery, next, escalation } = result
      return text([
        '',
        `${progressMark(progress.kind, style)} ${hasRecovered(progress.kind) ? 'The driver has recovered' : 'The driver is not known to have recovered'}: ${printable(progress.detail)}.`,
        ...(next.length === 0 ? [] : ['  Next steps:', ...next.map((line) => `    ${printable(line)}`)]),
        ...escalationLines(escalation),
        style.dim(`  Record ${recovery} in the annotation spark-nanny.io/recoveries.`),
      ])
    }
  }
}

function progressMark(progress: DriverProgress['kind'], style: Style): string {
  if (hasRecovered(progress)) return style.green('√')
  return progress === 'response-unknown' ? style.yellow('‼') : style.red('×')
}

const escalationLines = (steps: readonly string[]) =>
  steps.length === 0 ? [] : ['  Escalation, counted from the driver’s failure:', ...steps.map((step) => `    ${step}`)]

const text = (lines: readonly string[]) => `${lines.join('\n').trimEnd()}\n`

const states = {
  absent: 'there is no driver pod',
  unknown: 'the state of its driver is unknown',
  pending: 'its driver has not started',
  running: 'its driver is running',
  hung: 'its driver hangs',
  completed: 'its driver has completed',
  failed: 'its driver has failed',
} as const satisfies Record<DriverPhase, string>
