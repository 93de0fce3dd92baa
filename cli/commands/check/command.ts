import { Command, InvalidArgumentError, Option } from 'commander'
import { parseDurationMs } from '../../../core/duration.ts'
import type { CliIo } from '../../io/cli-io.ts'
import type { ExitCode } from '../../io/exit-codes.ts'
import { noColorOption, outputOption, withConnectionFlags } from '../../options/flags.ts'
import { runChecks } from './check.ts'
import type { CheckOptions } from './options.ts'

/** Defines `spark-nanny check`. `end` receives the exit code if the command line was valid. */
export function checkCommand(io: CliIo, version: string, end: (code: ExitCode) => void): Command {
  const command = new Command('check')
    .description('Check the cluster, the installation, its certificates, and the protected drivers.')
    .usage('[options]')
    .option('--pre', 'Only run pre-installation checks', false)
    .addOption(
      new Option('--wait <DURATION>', 'Repeat until all checks succeed, for at most this long, such as 2m')
        .argParser(parseWait)
        .default(0, 'run once'),
    )
    .option('--strict', 'Exit with code 4 if there are warnings', false)
    .addOption(outputOption(['text', 'json']))
  return withConnectionFlags(command, 'Namespace of spark-nanny (default: detected by label; with --pre: spark-nanny)')
    .addOption(noColorOption())
    .addHelpText('after', helpText)
    .action(async ({ wait, ...options }: Omit<CheckOptions, 'waitMs'> & { readonly wait: number }) =>
      end(await runChecks({ ...options, waitMs: wait }, version, io)),
    )
}

const helpText = `
The command is read-only. It uses server-side dry runs to find out whether driver pods are injected.

Exit codes:
  0  all checks succeeded, or there are only warnings
  1  the API server did not respond
  2  usage error
  3  at least one error
  4  at least one warning, with --strict
  5  no error, but some checks could not be made

Examples:
  spark-nanny check --pre
  spark-nanny check --wait 2m
  spark-nanny check -o json --strict`

function parseWait(text: string): number {
  const waitMs = parseDurationMs(text)
  if (waitMs === undefined) throw new InvalidArgumentError('It must be a duration with its unit, such as 2m.')
  return waitMs
}
