import { Command } from 'commander'
import type { CliIo } from '../../io/cli-io.ts'
import type { ExitCode } from '../../io/exit-codes.ts'
import { noColorOption, outputOption, withConnectionFlags } from '../../options/flags.ts'
import { sparkVersionOption } from '../../options/spark-version.ts'
import { UsageError } from '../../options/usage-error.ts'
import { outputForms } from '../../render/report.ts'
import type { ValidateOptions } from './options.ts'

interface GivenOptions extends Omit<ValidateOptions, 'target'> {
  readonly filename?: string
}

/** The definition of `spark-nanny validate`. `end` gets the exit code of a call that was right. */
export function validateCommand(io: CliIo, version: string, end: (code: ExitCode) => void): Command {
  const command = new Command('validate')
    .description('Check the Spark configuration of an application: types, ranges, conflicts, spelling, memory.')
    .usage('APP | -f FILE [options]')
    .argument('[APP]', 'name of a SparkApplication, of a driver pod, or of what spark-submit called the application')
    .option('-f, --filename <FILE>', 'SparkApplications, spark-defaults.conf or a spark-submit command; - is stdin')
    .addOption(sparkVersionOption())
    .option('--strict', 'warnings end in exit code 4', false)
    .addOption(outputOption(outputForms))
  return withConnectionFlags(command, 'where the application is; else that of the context')
    .addOption(noColorOption())
    .addHelpText('after', helpText)
    .action(async (name: string | undefined, { filename, ...options }: GivenOptions) => {
      const checked = { ...options, target: targetOf(name, filename) }
      // With Spark's settings, which take their time to load.
      end(await (await import('./run.ts')).runValidate(checked, version, io))
    })
}

function targetOf(name: string | undefined, filename: string | undefined): ValidateOptions['target'] {
  if (filename !== undefined && name !== undefined) throw new UsageError('give APP or -f FILE, not both')
  if (filename !== undefined) return { kind: 'file', filename }
  if (name === undefined) throw new UsageError('APP or -f FILE is missing: whose configuration?')
  return { kind: 'live', name }
}

const helpText = `
With APP the cluster is asked for the SparkApplication, else for the driver's own configuration; nothing is changed.
With -f no cluster is asked.

Exit codes: 0 nothing found, or warnings only; 1 failed; 2 wrong call; 3 an error was found; 4 a warning was found
(--strict); 5 nothing found, but something could not be read.

Examples:
  spark-nanny validate nightly -n jobs
  spark-nanny validate -f spark-application.yaml --strict
  spark-nanny validate -f spark-defaults.conf --spark-version 3.5.1 -o json`
