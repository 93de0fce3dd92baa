import { type Line, line } from '../../../io/line.ts'
import { formatMemoryMiB } from '../../../spark-conf/memory-size.ts'
import type { Style } from '../../../terminal/style.ts'
import type { Step } from '../facts/recoveries.ts'
import type { ApplyPlan, Plan, PlannedCause, PlannedRemedy, PrintOnlyPlan, RefusedPlan } from '../plan/plan.ts'
import { refusalReasons } from '../plan/refusal-reasons.ts'

/** The lines of a plan. */
export function planLines(plan: Plan, namespace: string, style: Style): readonly Line[] {
  switch (plan.kind) {
    case 'apply':
      return applyLines(plan, namespace, style)
    case 'print-only':
      return printOnlyLines(plan, style)
    case 'refuse':
      return refusedLines(plan, style)
    case 'resume':
      return [
        line`${style.yellow('‼')} ${style.bold('A recovery was interrupted after it changed the cluster')}`,
        `  ${plan.by} began at ${new Date(plan.startedMs).toISOString()}: ${plan.remedy}, for ${plan.cause.id}.`,
        '  Its changes are not repeated. With --apply, the command watches the driver and completes the record.',
      ]
  }
}

function applyLines(plan: ApplyPlan, namespace: string, style: Style): readonly Line[] {
  const { cause, remedy, steps, risk, reruns, undo, notes, byHand } = plan
  return [
    ...causeLines(cause, style),
    '',
    style.bold(`Plan: ${remedyTitle(remedy)}`),
    ...steps.flatMap((step, index) => stepLines(step, index, namespace, style)),
    `  Risk: ${risk}`,
    `  Rerun: ${reruns}`,
    `  Undo: ${undo}`,
    ...notes.map((note) => `  Note: ${note}`),
    ...byHandLines(byHand, style),
  ]
}

function printOnlyLines(plan: PrintOnlyPlan, style: Style): readonly Line[] {
  return [
    ...causeLines(plan.cause, style),
    '',
    style.bold(`Run manually: ${remedyTitle(plan.remedy)}`),
    `  ${plan.why}`,
    ...plan.commands.map((command) => style.dim(`    ${command}`)),
    `  Risk: ${plan.risk}`,
    ...plan.notes.map((note) => `  Note: ${note}`),
    ...byHandLines(plan.byHand, style),
  ]
}

function refusedLines({ reason, detail, cause, instead }: RefusedPlan, style: Style): readonly Line[] {
  return [
    ...(cause === null ? [] : [...causeLines(cause, style), '']),
    line`${style.yellow('‼')} ${style.bold(`Refused: ${reason}`)}`,
    `  ${refusalReasons[reason]}`,
    `  ${detail}`,
    ...(instead.length === 0 ? [] : ['  What to do instead:', ...instead.map((text) => `    ${text}`)]),
  ]
}

function causeLines({ id, title, confidence, evidence }: PlannedCause, style: Style): readonly Line[] {
  return [
    line`${style.red('×')} ${style.bold(title)}`,
    style.dim(`  ${id}, confidence: ${confidence}`),
    ...(evidence === null ? [] : [line`  ${style.dim(evidence.source)}  ${evidence.excerpt}`]),
  ]
}

function stepLines(step: Step, index: number, namespace: string, style: Style): readonly Line[] {
  const number = `  ${index + 1}. `
  if (step.kind === 'delete-pod') {
    return [
      `${number}Delete pod ${namespace}/${step.pod}, if it is still uid ${step.uid} at resourceVersion ${step.resourceVersion}`,
    ]
  }
  return [
    `${number}Patch the SparkApplication, if it is still uid ${step.uid} at resourceVersion ${step.resourceVersion}:`,
    style.dim(`     ${JSON.stringify({ spec: step.spec })}`),
  ]
}

const byHandLines = (commands: readonly string[], style: Style) =>
  commands.length === 0
    ? []
    : [
        '  Run manually if the node is at fault; this command never does:',
        ...commands.map((one) => style.dim(`    ${one}`)),
      ]

function remedyTitle(remedy: PlannedRemedy): string {
  switch (remedy.kind) {
    case 'raise-memory': {
      const { key, fromMiB, toMiB, factor, cappedBy } = remedy
      const by = cappedBy === null ? `${factor} times` : `${factor} times, limited by ${cappedBy}`
      return `raise ${key} from ${formatMemoryMiB(fromMiB)} to ${formatMemoryMiB(toMiB)} (${by})`
    }
    case 'rerun':
      return 'rerun the application unchanged'
    case 'delete-stale-pod':
      return `delete the terminated pod ${remedy.pod} whose name the next driver needs`
  }
}
