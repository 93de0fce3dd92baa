import { Command } from 'commander'
import type { CliIo } from '../../io/cli-io.ts'
import type { ExitCode } from '../../io/exit-codes.ts'
import { UsageError } from '../../options/usage-error.ts'
import { checkedFilesText, formatStaticCheckHelp, withStaticCheckOptions } from '../../static-checks/command-options.ts'
import type { PreflightOptions } from './options.ts'

interface ParsedOptions extends Omit<PreflightOptions, 'filename'> {
  readonly filename?: string
}

/** Defines `spark-nanny preflight`. `end` receives the exit code of a valid call. */
export function preflightCommand(io: CliIo, version: string, end: (code: ExitCode) => void): Command {
  const command = new Command('preflight')
    .description('Check before a submission whether the application can run.')
    .usage('FILE [options]')
    .argument('[FILE]', checkedFilesText)
    .option('-f, --filename <FILE>', 'File to check, instead of the argument')
    .option('--offline', 'Do not contact a cluster; report checks that need one as unknown', false)
  return withStaticCheckOptions(command, 'Namespace of the application (default: from the file, or the context)')
    .addHelpText('after', helpText)
    .action(async (file: string | undefined, { filename = file, ...options }: ParsedOptions) => {
      if (filename === undefined) throw new UsageError('FILE is required')
      if (file !== undefined && filename !== file) throw new UsageError('specify only one FILE')
      end(await (await import('./run.ts')).runPreflight({ ...options, filename }, version, io))
    })
}

const helpText = formatStaticCheckHelp(
  `Includes all checks of validate. The command is read-only: it sends the pods and the SparkApplication as server-side
dry runs, and checks the driver's service account with SubjectAccessReviews.`,
  'some checks could not be made',
  [
    'spark-nanny preflight spark-application.yaml',
    'spark-nanny preflight spark-application.yaml --offline --strict',
    'spark-nanny preflight spark-defaults.conf -n jobs -o sarif',
  ],
)
