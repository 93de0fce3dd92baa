import type { DriverPhase } from '../../../findings/findings.ts'
import { type Line, line, type SafeLine } from '../../../io/line.ts'
import { jsonOutput, type Output } from '../../../io/output.ts'
import type { Style } from '../../../terminal/style.ts'
import { type DriverProgress, hasRecovered } from '../apply/driver-progress.ts'
import type { RecoverReport, RecoverResult } from '../apply/result.ts'
import { planLines } from './plan-lines.ts'

/** The whole report as one JSON document. */
export const renderRecoverJson = ({ version, subject, state, plan, result }: RecoverReport): Output =>
  jsonOutput({ version, subject, state, plan, result })

/** The plan as text. `willAct` says whether the plan is applied right away. */
export function renderPlan(
  { subject, state, plan }: Omit<RecoverReport, 'result'>,
  name: string,
  willAct: boolean,
  style: Style,
): Output {
  const who = style.bold(`${subject.namespace}/${subject.application ?? name}`)
  const last =
    willAct || plan.kind === 'refuse' || plan.kind === 'print-only'
      ? []
      : ['', 'Nothing was changed. Use --apply to run the plan and watch the driver.']
  return text([line`Application ${who}: ${states[state]}.`, '', ...planLines(plan, subject.namespace, style), ...last])
}

/** The result as text, printed below the plan. */
export function renderResult(result: RecoverResult, style: Style): Output {
  switch (result.kind) {
    case 'not-applicable':
      return text(['', style.yellow('‼ Nothing was changed: the plan has no step that --apply can run.')])
    case 'changed':
      return text([
        '',
        line`${style.red('×')} The cluster has changed since the plan was made: ${result.detail}. Run the command again.`,
      ])
    case 'failed':
      return text(['', line`${style.red('×')} ${result.detail}`, ...escalationLines(result.escalation)])
    case 'watched': {
      const { progress, recovery, next, escalation } = result
      return text([
        '',
        line`${progressMark(progress.kind, style)} ${hasRecovered(progress.kind) ? 'The driver has recovered' : 'The driver is not known to have recovered'}: ${progress.detail}.`,
        ...(next.length === 0 ? [] : ['  Next steps:', ...next.map((step) => `    ${step}`)]),
        ...escalationLines(escalation),
        style.dim(`  Record ${recovery} in the annotation spark-nanny.io/recoveries.`),
      ])
    }
  }
}

function progressMark(progress: DriverProgress['kind'], style: Style): SafeLine {
  if (hasRecovered(progress)) return style.green('√')
  return progress === 'response-unknown' ? style.yellow('‼') : style.red('×')
}

const escalationLines = (steps: readonly string[]) =>
  steps.length === 0 ? [] : ['  Escalation, counted from the driver’s failure:', ...steps.map((step) => `    ${step}`)]

const text = (lines: readonly Line[]): Output => ({ kind: 'lines', lines })

const states = {
  absent: 'there is no driver pod',
  unknown: 'the state of its driver is unknown',
  pending: 'its driver has not started',
  running: 'its driver is running',
  hung: 'its driver hangs',
  completed: 'its driver has completed',
  failed: 'its driver has failed',
} as const satisfies Record<DriverPhase, string>
