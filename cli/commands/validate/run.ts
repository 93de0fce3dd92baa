import { subjectOfInput } from '../../config-checks/subject-of-input.ts'
import { validate } from '../../config-checks/validate.ts'
import { type Edges, UsageError } from '../../io/cli-io.ts'
import type { ExitCode } from '../../io/exit-codes.ts'
import { type Input, nameOfFile, readInputs } from '../../static-checks/input.ts'
import { remedyContextOf } from '../../static-checks/remedy-context.ts'
import { exitCodeOf, type PrecheckReport, renderPrecheck } from '../../static-checks/report.ts'
import { sortedFindings } from '../../static-checks/run.ts'
import { createProgress } from '../../terminal/progress.ts'
import { styleOf } from '../../terminal/style.ts'
import type { ValidateOptions } from './command.ts'

/** Validates what is asked for and prints the report. Throws a UsageError for a name or file that cannot be used. */
export async function runValidate(options: ValidateOptions, version: string, edges: Edges): Promise<ExitCode> {
  const { target, sparkVersion, output, strict, color } = options
  const report =
    target.kind === 'file'
      ? fromInputs(version, target.filename, await readInputs(target.filename, sparkVersion, edges), options.namespace)
      : await fromCluster(version, target.name, options, edges)
  edges.stdout(renderPrecheck(report, output, styleOf(edges, color)))
  return exitCodeOf(report, strict, target.kind === 'file')
}

function fromInputs(
  version: string,
  name: string,
  inputs: readonly Input[],
  namespace: string | undefined,
): PrecheckReport {
  const findings = inputs.flatMap((input) => validate(subjectOfInput(input), remedyContextOf(input, namespace)))
  return {
    checked: { command: 'validate', name: nameOfFile(name) },
    version,
    findings: sortedFindings(findings),
    unknown: [],
  }
}

async function fromCluster(
  version: string,
  name: string,
  options: ValidateOptions,
  edges: Edges,
): Promise<PrecheckReport> {
  const connection = await edges.connect(options)
  const progress = createProgress(edges)
  try {
    progress.tell(`asking ${connection.server} …`)
    // What asks a cluster is only loaded when it is needed.
    const { readLive } = await import('./live-application.ts')
    const live = await readLive(connection.api, connection.namespace, name, options.sparkVersion)
    const { input, driverLimitMiB, pod, unknown } = live
    const checked = { command: 'validate', name: `${connection.namespace}/${name}` } as const
    if (input === null) {
      if (unknown.length > 0) return { checked, version, findings: [], unknown }
      throw new UsageError(`${name}: no SparkApplication and no driver pod of that name in ${connection.namespace}`)
    }
    const context = remedyContextOf(input, connection.namespace, pod)
    return { checked, version, findings: validate(subjectOfInput(input, driverLimitMiB), context), unknown }
  } finally {
    progress.clear()
    connection.close()
  }
}
