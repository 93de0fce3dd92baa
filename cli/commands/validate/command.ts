import { Command, InvalidArgumentError, Option } from 'commander'
import type { ConnectionFlags } from '../../cluster/connect.ts'
import { type CliIo, UsageError } from '../../io/cli-io.ts'
import type { ExitCode } from '../../io/exit-codes.ts'
import { noColorOption, outputOption, withConnectionFlags } from '../../options/flags.ts'
import { type OutputForm, outputForms } from '../../render/report.ts'
import { parseSparkVersion, type SparkVersion } from '../../spark-conf/spark-version.ts'

/** What was asked for, checked. */
export interface ValidateOptions extends ConnectionFlags {
  readonly target:
    | { readonly kind: 'file'; readonly filename: string }
    | { readonly kind: 'live'; readonly name: string }
  readonly sparkVersion?: SparkVersion
  readonly strict: boolean
  readonly output: OutputForm
  readonly color: boolean
}

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

export function sparkVersionOption(): Option {
  return new Option(
    '--spark-version <VERSION>',
    'the release whose settings hold; else the application’s, or its image’s',
  ).argParser((text: string) => {
    const version = parseSparkVersion(text)
    if (version === undefined) throw new InvalidArgumentError('It must be a version such as 3.5.1.')
    return version
  })
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
