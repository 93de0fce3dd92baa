import { toValidationSubject } from '../../config-checks/subject-of-input.ts'
import { validate } from '../../config-checks/validate.ts'
import type { CliIo } from '../../io/cli-io.ts'
import type { ExitCode } from '../../io/exit-codes.ts'
import { UsageError } from '../../options/usage-error.ts'
import { type Input, parseFileName, readInputs } from '../../static-checks/input.ts'
import { toRemedyContext } from '../../static-checks/remedy-context.ts'
import { renderStaticChecks, type StaticCheckReport, staticCheckExitCode } from '../../static-checks/report.ts'
import { sortFindings } from '../../static-checks/run.ts'
import { createProgress } from '../../terminal/progress.ts'
import { createStyle } from '../../terminal/style.ts'
import { staticRules } from '../rule-catalogue.ts'
import type { ValidateOptions } from './options.ts'

/** Runs `spark-nanny validate`: reads the configuration, checks and prints. Throws a UsageError for an unusable name or file. */
export async function runValidate(options: ValidateOptions, version: string, io: CliIo): Promise<ExitCode> {
  const { target, sparkVersion, output, strict, color } = options
  const report =
    target.kind === 'file'
      ? fromInputs(version, target.filename, await readInputs(target.filename, sparkVersion, io), options.namespace)
      : await fromCluster(version, target.name, options, io)
  io.stdout(renderStaticChecks(report, output, createStyle(io, color)))
  return staticCheckExitCode(report, strict, target.kind === 'file')
}

function fromInputs(
  version: string,
  name: string,
  inputs: readonly Input[],
  namespace: string | undefined,
): StaticCheckReport {
  const findings = inputs.flatMap((input) => validate(toValidationSubject(input), toRemedyContext(input, namespace)))
  return {
    checked: { command: 'validate', name: parseFileName(name) },
    version,
    findings: sortFindings(findings),
    rules: staticRules,
    unknown: [],
  }
}

async function fromCluster(
  version: string,
  name: string,
  options: ValidateOptions,
  io: CliIo,
): Promise<StaticCheckReport> {
  const connection = await io.connect(options)
  const progress = createProgress(io)
  try {
    progress.show(`querying ${connection.server} …`)
    // Load the code for clusters only if it is needed.
    const { readLiveApplication } = await import('./live-application.ts')
    const live = await readLiveApplication(connection.api, connection.namespace, name, options.sparkVersion)
    const { input, driverLimitMiB, pod, unknown } = live
    const checked = { command: 'validate', name: `${connection.namespace}/${name}` } as const
    if (input === null) {
      if (unknown.length > 0) return { checked, version, findings: [], rules: staticRules, unknown }
      throw new UsageError(
        `${name}: there is no SparkApplication and no driver pod with that name in ${connection.namespace}`,
      )
    }
    const context = toRemedyContext(input, connection.namespace, pod)
    const findings = validate(toValidationSubject(input, driverLimitMiB), context)
    return { checked, version, findings, rules: staticRules, unknown }
  } finally {
    progress.clear()
    connection.close()
  }
}
