import { Command } from 'commander'
import type { CliIo } from '../../io/cli-io.ts'
import type { ExitCode } from '../../io/exit-codes.ts'
import { isFileName } from '../../options/file-name.ts'
import { UsageError } from '../../options/usage-error.ts'
import { checkedFilesText, formatStaticCheckHelp, withStaticCheckOptions } from '../../static-checks/command-options.ts'
import type { ValidateOptions } from './options.ts'

interface ParsedOptions extends Omit<ValidateOptions, 'target'> {
  readonly filename?: string
}

/** Defines `spark-nanny validate`. `end` receives the exit code of a valid call. */
export function validateCommand(io: CliIo, version: string, end: (code: ExitCode) => void): Command {
  const command = new Command('validate')
    .description('Check the Spark configuration of an application: types, ranges, conflicts, spelling, memory.')
    .usage('FILE | APP [options]')
    .argument('[FILE|APP]', `${checkedFilesText}. Or the name of a SparkApplication or a driver pod in the cluster`)
    .option('-f, --filename <FILE>', 'File to check, instead of the argument')
  return withStaticCheckOptions(command, 'Namespace of the application (default: from the context)')
    .addHelpText('after', helpText)
    .action(async (name: string | undefined, { filename, ...options }: ParsedOptions) => {
      const checked = { ...options, target: parseTarget(name, filename) }
      // Loaded on demand, because Spark's settings take time to load.
      end(await (await import('./run.ts')).runValidate(checked, version, io))
    })
}

function parseTarget(name: string | undefined, filename: string | undefined): ValidateOptions['target'] {
  if (filename !== undefined && name !== undefined && filename !== name) {
    throw new UsageError('specify FILE or APP, not both')
  }
  if (filename !== undefined) return { kind: 'file', filename }
  if (name === undefined) throw new UsageError('FILE or APP is required')
  return isFileName(name) ? { kind: 'file', filename: name } : { kind: 'live', name }
}

const helpText = formatStaticCheckHelp(
  `With APP, the command reads the SparkApplication, or else the driver's configuration, from the cluster. It is read-only.
For a file, no cluster is contacted. A name with a slash or an ending such as .yaml is a file; for others, use -f.`,
  'some settings could not be read',
  [
    'spark-nanny validate nightly -n jobs',
    'spark-nanny validate spark-application.yaml --strict',
    'spark-nanny validate spark-defaults.conf --spark-version 3.5.1 -o json',
  ],
)
