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
    .argument('[APP]', 'Name of a SparkApplication, a driver pod, or an application of spark-submit')
    .option('-f, --filename <FILE>', 'SparkApplications, spark-defaults.conf or a spark-submit command; - is stdin')
    .addOption(sparkVersionOption())
    .option('--strict', 'Exit with code 4 if there are warnings', false)
    .addOption(outputOption(outputForms))
  return withConnectionFlags(command, 'Namespace of the application (default: from the context)')
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
  if (name === undefined) throw new UsageError('APP or -f FILE is required')
  return { kind: 'live', name }
}

const helpText = `
With APP, the command reads the SparkApplication, or else the driver's configuration, from the cluster. It is read-only.
With -f, no cluster is contacted.

Exit codes:
  0  no problems, or only warnings
  1  the command failed
  2  usage error
  3  at least one error
  4  at least one warning, with --strict
  5  no problems found, but some settings could not be read

Examples:
  spark-nanny validate nightly -n jobs
  spark-nanny validate -f spark-application.yaml --strict
  spark-nanny validate -f spark-defaults.conf --spark-version 3.5.1 -o json`
