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
    .description('Say before a submission what would keep it from running.')
    .usage('FILE [options]')
    .argument('[FILE]', 'SparkApplications, spark-defaults.conf or a spark-submit command; - is stdin')
    .option('-f, --filename <FILE>', 'the same')
    .option('--offline', 'ask no cluster; what only it knows is told as unknown', false)
    .addOption(sparkVersionOption())
    .option('--strict', 'warnings end in exit code 4', false)
    .addOption(outputOption(outputForms))
  return withConnectionFlags(command, 'where it will run; else what the file says, else that of the context')
    .addOption(noColorOption())
    .addHelpText('after', helpText)
    .action(async (file: string | undefined, { filename = file, ...options }: GivenOptions) => {
      if (filename === undefined) throw new UsageError('FILE is missing: what shall be submitted?')
      if (file !== undefined && filename !== file) throw new UsageError('give one FILE')
      end(await (await import('./run.ts')).runPreflight({ ...options, filename }, version, io))
    })
}

const helpText = `
What validate finds is found too. Nothing is stored in the cluster: the pods and the SparkApplication are sent as
server-side dry runs, and what the driver's service account may do is asked by SubjectAccessReview.

Exit codes: 0 nothing found, or warnings only; 1 failed; 2 wrong call; 3 an error was found; 4 a warning was found
(--strict); 5 nothing found, but something could not be read.

Examples:
  spark-nanny preflight spark-application.yaml
  spark-nanny preflight spark-application.yaml --offline --strict
  spark-nanny preflight spark-defaults.conf -n jobs -o sarif`
