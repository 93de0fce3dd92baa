import { toValidationSubject } from '../../config-checks/subject-of-input.ts'
import { reportDuplicates, validate, validateResource } from '../../config-checks/validate.ts'
import type { Finding } from '../../findings/findings.ts'
import type { CliIo } from '../../io/cli-io.ts'
import type { ExitCode } from '../../io/exit-codes.ts'
import { UsageError } from '../../options/usage-error.ts'
import { type InputFile, readInputs } from '../../static-checks/input.ts'
import { labelFindings } from '../../static-checks/labels.ts'
import { toRemedyContext, unknownContext } from '../../static-checks/remedy-context.ts'
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
      ? fromFile(version, await readInputs(target.filename, sparkVersion, io), options.namespace)
      : await fromCluster(version, target.name, options, io)
  io.stdout(renderStaticChecks(report, output, createStyle(io, color)))
  return staticCheckExitCode(report, strict, target.kind === 'file')
}

function fromFile(version: string, file: InputFile, namespace: string | undefined): StaticCheckReport {
  const findings = file.inputs.flatMap((input) =>
    labelFindings(file, input, validate(toValidationSubject(input), toRemedyContext(input, namespace))),
  )
  return {
    checked: { command: 'validate', name: file.name },
    version,
    findings: sortFindings([...findings, ...checkRest(file)]),
    rules: staticRules,
    unknown: file.unknown,
  }
}

/** The findings about the file itself, and about objects that are not applications. */
export const checkRest = (file: InputFile): readonly Finding[] => [
  ...reportDuplicates(file.name, file.duplicates, unknownContext),
  ...file.resources.flatMap((resource) => validateResource(resource, unknownContext)),
]

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
    const findings = validate(toValidationSubject(input, { driverLimitMiB, isStored: true }), context)
    return { checked, version, findings, rules: staticRules, unknown }
  } finally {
    progress.clear()
    connection.close()
  }
}
