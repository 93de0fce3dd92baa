import { Command } from 'commander'
import type { CliIo } from '../../io/cli-io.ts'
import type { ExitCode } from '../../io/exit-codes.ts'
import { noColorOption, outputOption, withConnectionFlags } from '../../options/flags.ts'
import { sparkVersionOption } from '../../options/spark-version.ts'
import { UsageError } from '../../options/usage-error.ts'
import { outputForms } from '../../render/report.ts'
import type { PreflightOptions } from './options.ts'

interface GivenOptions extends Omit<PreflightOptions, 'filename'> {
  readonly filename?: string
}

/** The definition of `spark-nanny preflight`. `end` gets the exit code of a call that was right. */
export function preflightCommand(io: CliIo, version: string, end: (code: ExitCode) => void): Command {
  const command = new Command('preflight')
    .description('Check before a submission whether the application can run.')
    .usage('FILE [options]')
    .argument('[FILE]', 'SparkApplications, spark-defaults.conf or a spark-submit command; - is stdin')
    .option('-f, --filename <FILE>', 'File to check, instead of the argument')
    .option('--offline', 'Do not contact a cluster; report checks that need one as unknown', false)
    .addOption(sparkVersionOption())
    .option('--strict', 'Exit with code 4 if there are warnings', false)
    .addOption(outputOption(outputForms))
  return withConnectionFlags(command, 'Namespace of the application (default: from the file, or the context)')
    .addOption(noColorOption())
    .addHelpText('after', helpText)
    .action(async (file: string | undefined, { filename = file, ...options }: GivenOptions) => {
      if (filename === undefined) throw new UsageError('FILE is required')
      if (file !== undefined && filename !== file) throw new UsageError('give one FILE')
      end(await (await import('./run.ts')).runPreflight({ ...options, filename }, version, io))
    })
}

const helpText = `
Includes all checks of validate. The command is read-only: it sends the pods and the SparkApplication as server-side
dry runs, and checks the driver's service account with SubjectAccessReviews.

Exit codes:
  0  no problems, or only warnings
  1  the command failed
  2  usage error
  3  at least one error
  4  at least one warning, with --strict
  5  no problems found, but some checks could not be made

Examples:
  spark-nanny preflight spark-application.yaml
  spark-nanny preflight spark-application.yaml --offline --strict
  spark-nanny preflight spark-defaults.conf -n jobs -o sarif`
