import { printable } from '../../../render/report.ts'
import { formatMemoryMiB } from '../../../spark-conf/memory-size.ts'
import type { Style } from '../../../terminal/style.ts'
import type { Step } from '../facts/recoveries.ts'
import type { ApplyPlan, Plan, PlannedCause, PlannedRemedy, PrintOnlyPlan, RefusedPlan } from '../plan/plan.ts'
import { refusalReasons } from '../plan/refusal-reasons.ts'

/** The lines of a plan. */
export function planLines(plan: Plan, namespace: string, style: Style): readonly string[] {
  switch (plan.kind) {
    case 'apply':
      return applyLines(plan, namespace, style)
    case 'print-only':
      return printOnlyLines(plan, style)
    case 'refuse':
      return refusedLines(plan, style)
    case 'resume':
      return [
        `${style.yellow('‼')} ${style.bold('A recovery was interrupted after it changed the cluster')}`,
        `  ${printable(plan.by)} began at ${new Date(plan.startedMs).toISOString()}: ${printable(plan.remedy)}, for ${printable(plan.cause.id)}.`,
        '  Its changes are not repeated. With --apply, the command watches the driver and completes the record.',
      ]
  }
}

function applyLines(plan: ApplyPlan, namespace: string, style: Style): readonly string[] {
  const { cause, remedy, steps, risk, reruns, undo, notes, byHand } = plan
  return [
    ...causeLines(cause, style),
    '',
    style.bold(`Plan: ${remedyTitle(remedy)}`),
    ...steps.flatMap((step, index) => stepLines(step, index, namespace, style)),
    `  Risk: ${printable(risk)}`,
    `  Rerun: ${printable(reruns)}`,
    `  Undo: ${printable(undo)}`,
    ...notes.map((note) => `  Note: ${printable(note)}`),
    ...byHandLines(byHand, style),
  ]
}

function printOnlyLines(plan: PrintOnlyPlan, style: Style): readonly string[] {
  return [
    ...causeLines(plan.cause, style),
    '',
    style.bold(`Run manually: ${remedyTitle(plan.remedy)}`),
    `  ${printable(plan.why)}`,
    ...plan.commands.map((command) => style.dim(`    ${printable(command)}`)),
    `  Risk: ${printable(plan.risk)}`,
    ...plan.notes.map((note) => `  Note: ${printable(note)}`),
    ...byHandLines(plan.byHand, style),
  ]
}

function refusedLines({ reason, detail, cause, instead }: RefusedPlan, style: Style): readonly string[] {
  return [
    ...(cause === null ? [] : [...causeLines(cause, style), '']),
    `${style.yellow('‼')} ${style.bold(`Refused: ${reason}`)}`,
    `  ${refusalReasons[reason]}`,
    `  ${printable(detail)}`,
    ...(instead.length === 0 ? [] : ['  What to do instead:', ...instead.map((line) => `    ${printable(line)}`)]),
  ]
}

function causeLines({ id, title, confidence, evidence }: PlannedCause, style: Style): readonly string[] {
  return [
    `${style.red('×')} ${style.bold(printable(title))}`,
    style.dim(`  ${printable(id)}, confidence: ${confidence}`),
    ...(evidence === null ? [] : [`  ${style.dim(evidence.source)}  ${printable(evidence.excerpt)}`]),
  ]
}

function stepLines(step: Step, index: number, namespace: string, style: Style): readonly string[] {
  const number = `  ${index + 1}. `
  if (step.kind === 'delete-pod') {
    return [
      `${number}Delete pod ${namespace}/${step.pod}, if it is still uid ${step.uid} at resourceVersion ${step.resourceVersion}`,
    ]
  }
  return [
    `${number}Patch the SparkApplication, if it is still uid ${step.uid} at resourceVersion ${step.resourceVersion}:`,
    style.dim(`     ${printable(JSON.stringify({ spec: step.spec }))}`),
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
      return `raise ${key} from ${formatMemoryMiB(fromMiB)} to ${formatMemoryMiB(toMiB)} (${printable(by)})`
    }
    case 'rerun':
      return 'rerun the application unchanged'
    case 'delete-stale-pod':
      return `delete the terminated pod ${printable(remedy.pod)} whose name the next driver needs`
  }
}
