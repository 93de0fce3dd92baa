import { type Edges, UsageError } from '../edges.ts'
import type { ExitCode } from '../exit-codes.ts'
import { type Input, readInputs } from '../precheck/input.ts'
import { remedyContextOf } from '../precheck/remedy-context.ts'
import { renderReport } from '../precheck/render.ts'
import { exitCodeOf, type PrecheckReport } from '../precheck/report.ts'
import { createProgress } from '../terminal/progress.ts'
import { styleOf } from '../terminal/style.ts'
import type { ValidateOptions } from './command.ts'
import { readLive } from './live.ts'
import { subjectOfInput } from './subject-of-input.ts'
import { validate } from './validate.ts'

/** Validates what is asked for and prints the report. Throws a UsageError for a name or file that cannot be used. */
export async function runValidate(options: ValidateOptions, edges: Edges): Promise<ExitCode> {
  const { target, sparkVersion, output, strict, color } = options
  const report =
    target.kind === 'file'
      ? fromInputs(target.filename, await readInputs(target.filename, sparkVersion, edges), options.namespace)
      : await fromCluster(target.name, options, edges)
  edges.stdout(renderReport(report, output, styleOf(edges, color)))
  return exitCodeOf(report, strict, target.kind === 'file')
}

function fromInputs(name: string, inputs: readonly Input[], namespace: string | undefined): PrecheckReport {
  const findings = inputs.flatMap((input) => validate(subjectOfInput(input), remedyContextOf(input, namespace)))
  return { subject: name, findings, unknown: [] }
}

async function fromCluster(name: string, options: ValidateOptions, edges: Edges): Promise<PrecheckReport> {
  const connection = await edges.connect(options)
  const progress = createProgress(edges)
  try {
    progress.tell(`asking ${connection.server} …`)
    const live = await readLive(connection.api, connection.namespace, name, options.sparkVersion)
    const { input, driverLimitMiB, pod, unknown } = live
    const subject = `${connection.namespace}/${name}`
    if (input === null) {
      if (unknown.length > 0) return { subject, findings: [], unknown }
      throw new UsageError(`${name}: no SparkApplication and no driver pod of that name in ${connection.namespace}`)
    }
    const context = remedyContextOf(input, connection.namespace, pod)
    return { subject, findings: validate(subjectOfInput(input, driverLimitMiB), context), unknown }
  } finally {
    progress.clear()
    connection.close()
  }
}
